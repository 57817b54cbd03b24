import Datasets
import TensorCore

/// Augmented images and what became of the targets beside them.
public struct TargetedImages: Sendable {
    /// The images.
    public let images: ImageSet
    /// For each image its targets. Boxes that were dropped are missing; keypoints keep their number and order.
    public let targets: [ImageTargets]
    /// For each image the boxes that are no longer there.
    public let dropped: [[DroppedBox]]
}

/// A box of which too little is left in the image.
public struct DroppedBox: Sendable, Hashable {
    /// Its place in the list that was given.
    public let index: Int
    /// The box as it was.
    public let box: BoundingBox
    /// How much of the moved box lies inside the image, in 0 ..< 1.
    public let visibleShare: Double
}

extension AugmentationPolicy {
    /// Augments images and, by the same draws, the boxes, points and label maps beside them.
    ///
    /// - A box becomes the smallest upright rectangle around its four moved corners, cut to the frame, which after turns
    ///   by other than quarters is larger than the thing. After an elastic or grid distortion it is the smallest rectangle
    ///   around all pixels that show something of it. So it goes for each resampling; neighbouring ones are one.
    /// - Its visible share is the area inside the frame over the area before the cut; several shares multiply. A box
    ///   whose share is below the minimum, or 0, is dropped and reported.
    /// - A label map is read at the nearest pixel; ``ImageBorder/zero`` is label 0. What covers pixels, such as ``Cutout``,
    ///   covers no label and drops no box. Mirrored copies that ``ImageBorder/reflect`` shows have no boxes and points.
    ///
    /// - Parameters:
    ///   - raw: the images and their draws.
    ///   - targets: as many as images.
    ///   - minimumVisibleShare: in 0 ... 1.
    /// - Throws: `FormatError` for a box that lies outside its image, has no area or a number that is not finite, for
    ///   such a point, for a mask of another size, for another number of targets than images; and for a policy that mixes
    ///   images, because what boxes a blend has depends on its use.
    public func apply(
        to raw: RawBatch, targets: [ImageTargets], minimumVisibleShare: Double = 0.1
    ) throws -> TargetedImages {
        require(
            minimumVisibleShare >= 0 && minimumVisibleShare <= 1,
            "AugmentationPolicy.apply: minimum visible share \(minimumVisibleShare) given, 0…1 expected")
        let images = raw.images
        guard targets.count == images.count else {
            throw FormatError(
                file: "targets", found: "\(targets.count)", expected: "\(images.count), one for each image")
        }
        for (place, target) in targets.enumerated() { try target.check(images, at: "[\(place)]") }
        let views = views(of: raw)
        guard views.allSatisfy(\.mixes.isEmpty) else {
            throw FormatError(
                file: "policy", found: "an operation that mixes images", expected: "none where there are targets")
        }
        let extent = ImageExtent(images)
        let moved = zip(views, targets).map { view, target in
            TargetMover(view: view, extent: extent, minimum: minimumVisibleShare).move(target)
        }
        return TargetedImages(
            images: self.images(raw), targets: moved.map(\.targets), dropped: moved.map(\.dropped))
    }
}

extension ImageTargets {
    fileprivate func check(_ images: ImageSet, at place: String) throws {
        func error(_ part: String, _ mismatch: Mismatch) -> FormatError {
            FormatError(file: "targets", place: place + part, found: mismatch.found, expected: mismatch.expected)
        }
        for (index, box) in boxes.enumerated() {
            if let mismatch = box.mismatch(height: images.height, width: images.width) {
                throw error(".boxes[\(index)]", mismatch)
            }
        }
        for (index, point) in keypoints.enumerated() where !(point.x.isFinite && point.y.isFinite) {
            throw error(".keypoints[\(index)]", Mismatch(found: "\(point.x), \(point.y)", expected: "finite numbers"))
        }
        if let mask, mask.count != images.height * images.width {
            throw error(
                ".mask",
                Mismatch(
                    found: "\(mask.count) labels", expected: "\(images.height)×\(images.width), one for each pixel"))
        }
    }
}

import Datasets
import TensorCore

/// Augmented images and what became of the targets beside them.
public struct TargetedImages: Sendable {
    /// The images.
    public let images: ImageSet
    /// For each image its targets. Boxes that were dropped are missing; keypoints keep their number and order, and
    /// visible ones of images that were pasted follow.
    public let targets: [ImageTargets]
    /// For each image the boxes that are no longer there.
    public let dropped: [[DroppedBox]]
    /// For each image whether parts of others were pasted into it.
    public let isMixed: [Bool]
}

/// A box of which too little is left in the image.
public struct DroppedBox: Sendable, Hashable {
    /// The image whose box it is, by its place in the batch: where images are pasted into one another, not always the
    /// one that it is missing from.
    public let image: Int
    /// Its place in the list that was given for that image.
    public let index: Int
    /// The box as it was.
    public let box: BoundingBox
    /// How much of the moved box lies inside the image, in 0 ..< 1.
    public let visibleShare: Double
}

extension AugmentationPolicy {
    /// Augments images and, by the same draws, the boxes, points and label maps beside them.
    ///
    /// - A box becomes the smallest upright rectangle around its four moved corners, cut to the frame, which after
    ///   turns by other than quarters is larger than the thing. After an elastic or grid distortion it is the smallest
    ///   rectangle around all pixels that show something of it. So it goes for each resampling; neighbouring ones are
    ///   one.
    /// - Its visible share is the area inside the frame over the area before the cut; several shares multiply. A box
    ///   whose share is below the minimum, or 0, is dropped and reported.
    /// - ``CutMix`` and ``Mosaic`` bring the boxes, points and labels of what they paste, after the image's own. A box
    ///   of either becomes the rectangle around what is still to be seen of it, and its share counts as above. A box of
    ///   another image is reported as dropped where a little of it shows, and not where nothing does. A pasted part
    ///   whose image has no label map is filled; an image without one gets none.
    /// - Where the image is mirrored, labels of points change as ``TargetRules/swaps`` says; a second mirroring undoes
    ///   the first.
    /// - A label map is read at the nearest pixel; ``ImageBorder/zero`` is ``TargetRules/mapFill``, and so is what
    ///   covers pixels, such as ``Cutout``, where that is given. Nothing that is covered drops a box. Mirrored copies
    ///   that ``ImageBorder/reflect`` shows have no boxes and points.
    ///
    /// - Parameters:
    ///   - raw: the images and their draws.
    ///   - targets: one for each image, in its own pixels; what comes back is in those of the view.
    ///   - rules: which boxes are dropped, and what else follows the images.
    /// - Throws: `FormatError` for a box that lies outside its image, has no area or a number that is not finite, for
    ///   such a point, for a mask of another size, for another number of targets than images; and for ``MixUp``,
    ///   because what boxes a blend of two images has depends on its use.
    public func apply(
        to raw: RawBatch, targets: [ImageTargets], by rules: TargetRules = TargetRules()
    ) throws -> TargetedImages {
        guard targets.count == raw.images.count else {
            throw FormatError(
                file: "targets", found: "\(targets.count)", expected: "\(raw.images.count), one for each image")
        }
        for (place, target) in targets.enumerated() {
            try target.check(raw.extent(of: place), at: "[\(place)]")
        }
        let views = views(of: raw, around: targets)
        guard !views.contains(where: \.blendsImages) else {
            throw FormatError(
                file: "policy", found: "an operation that mixes images by blending them",
                expected: "none where there are targets")
        }
        let extent = raw.extent
        let composer = TargetComposer(
            extent: extent,
            moved: zip(views, targets).map { TargetMover(view: $0, extent: extent, rules: rules).move($1) },
            rules: rules)
        let mixing = Mixing(views, labels: raw.images.labels, extent: extent)
        let composed = views.indices.map { row in
            composer.targets(
                of: row,
                showing: mixing?.pasted(into: row)
                    ?? [.init(rows: 0..<extent.height, columns: 0..<extent.width, source: row)])
        }
        return TargetedImages(
            images: images(raw, as: views), targets: composed.map(\.targets), dropped: composed.map(\.dropped),
            isMixed: views.map { !$0.mixes.isEmpty })
    }
}

extension View {
    /// Whether one image shines through another.
    fileprivate var blendsImages: Bool { mixes.contains { if case .blend = $0 { true } else { false } } }
}

extension Mixing {
    /// The parts of a row into which nothing is blended.
    fileprivate func pasted(into row: Int) -> [TargetComposer.Part] {
        parts[rowParts[row]].map {
            .init(rows: $0.rows, columns: $0.columns, source: sources[$0.blend.lowerBound].row)
        }
    }
}

extension ImageTargets {
    func check(_ image: ImageExtent, at place: String) throws {
        func error(_ part: String, _ mismatch: Mismatch) -> FormatError {
            FormatError(file: "targets", place: place + part, found: mismatch.found, expected: mismatch.expected)
        }
        for (index, box) in boxes.enumerated() {
            if let mismatch = box.mismatch(height: image.height, width: image.width) {
                throw error(".boxes[\(index)]", mismatch)
            }
        }
        for (index, point) in keypoints.enumerated() where !(point.x.isFinite && point.y.isFinite) {
            throw error(".keypoints[\(index)]", Mismatch(found: "\(point.x), \(point.y)", expected: "finite numbers"))
        }
        if let mask, mask.count != image.height * image.width {
            throw error(
                ".mask",
                Mismatch(
                    found: "\(mask.count) labels", expected: "\(image.height)×\(image.width), one for each pixel"))
        }
    }
}

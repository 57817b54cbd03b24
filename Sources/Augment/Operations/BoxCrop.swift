/// Cuts out a rectangle at a random place around boxes, and enlarges it to the whole image: around all boxes, as
/// albumentations' `BBoxSafeRandomCrop`, or around one of them, so that others may leave the image, as the crops of SSD
/// (Liu et al. 2016, arXiv 1512.02325).
///
/// The boxes are those of ``AugmentationPolicy/apply(to:targets:by:)``, where operations before this one moved them. Of
/// an image without boxes, and where a policy is applied to images alone, it is a random crop. A rectangle becomes as
/// much larger than drawn as boxes need.
public struct BoxCrop: PixelOperation {
    /// What a crop keeps.
    public enum Keeping: String, Sendable, Hashable, Codable, CaseIterable {
        /// The rectangle around all boxes.
        case all
        /// One of the boxes, each as likely.
        case one
    }

    public static let name = "boxCrop"
    public static let isGeometric = true
    public static let template = BoxCrop(side: 1...1)

    /// The crop's height and its width as shares of the image's, each drawn by itself.
    @Field("side", within: 0.1...1, neutral: 1, required: true) public var side: ClosedRange<Double>
    /// What it keeps.
    @Field("keeping") public var keeping: Keeping
    /// How much of what it keeps lies inside at least, as a share of the area: below 1 the crop may cut its edges off.
    @Field("share", within: 0.01...1) public var share: Double

    /// Creates the operation.
    public init(side: ClosedRange<Double>, keeping: Keeping = .all, share: Double = 1) {
        self.side = side
        self.keeping = keeping
        self.share = share
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_side)
        visit(&_keeping)
        visit(&_share)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let (width, height) = (stream.uniform(in: side), stream.uniform(in: side))
        let (x, y, pick) = (stream.uniform(in: 0...1), stream.uniform(in: 0...1), stream.uniform(in: 0...1))
        let drawn = DrawnBoxCrop(
            extent: extent, width: width * Double(extent.width), height: height * Double(extent.height), x: x, y: y,
            pick: keeping == .one ? pick : nil, share: share)
        view.append(.crop(drawn))
    }
}

/// What was drawn of a crop before it is known what boxes there are.
struct DrawnBoxCrop {
    /// Of the image.
    let extent: ImageExtent
    /// Of the crop in pixels.
    let width, height: Double
    /// Where it lies between the first and the last place at which it keeps what it must, in 0 ... 1.
    let x, y: Double
    /// Which box is kept, as a share of their number; nil for all.
    let pick: Double?
    let share: Double

    /// The crop of an image with boxes at these places inside of it.
    func warp(around boxes: [BoundingBox]) -> Warp {
        let kept = pick.map { pick in
            boxes.isEmpty ? [] : [boxes[min(Int(pick * Double(boxes.count)), boxes.count - 1)]]
        }
        let (left, width) = Self.run(
            (kept ?? boxes).map { $0.left...$0.right }, length: width, of: Double(extent.width), at: x, share: share)
        let (top, height) = Self.run(
            (kept ?? boxes).map { $0.top...$0.bottom }, length: height, of: Double(extent.height), at: y, share: share)
        return Warp(xx: width / Double(extent.width), x0: left, yy: height / Double(extent.height), y0: top)
    }

    /// Where a crop begins along an axis, and how long it is, that holds all of some ranges.
    private static func run(
        _ ranges: [ClosedRange<Double>], length: Double, of whole: Double, at place: Double, share: Double
    ) -> (start: Double, length: Double) {
        guard var first = ranges.map(\.lowerBound).min(), var last = ranges.map(\.upperBound).max() else {
            return (place * (whole - length), length)
        }
        // What may be cut off, half of it on each side: so much of each side leaves `share` of the area.
        let edge = (last - first) * (1 - share.squareRoot()) / 2
        (first, last) = (first + edge, last - edge)
        let length = max(length, last - first)
        let (least, most) = (max(last - length, 0), min(first, whole - length))
        return (least + place * max(most - least, 0), length)
    }
}

extension [PixelChange] {
    /// The same changes, crops around boxes where the boxes are by then.
    ///
    /// - Parameters:
    ///   - boxes: of the image before it is resized.
    ///   - source: extents of the image, as extent those of its view.
    func cropped(around boxes: [BoundingBox], from source: ImageExtent, to extent: ImageExtent) -> [PixelChange] {
        guard !boxes.isEmpty else { return self }
        var changes = self
        for (place, change) in enumerated() {
            guard case .crop(let crop) = change.content else { continue }
            let mover = TargetMover(
                view: View(fusing: Array(changes[..<place]), from: source, to: extent), extent: extent,
                rules: TargetRules())
            let moved = mover.move(ImageTargets(boxes: boxes)).boxes.filter { $0.share > 0 }
            changes[place] = .warp(crop.warp(around: moved.map(\.box)))
        }
        return changes
    }
}

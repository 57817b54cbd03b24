import TensorCore

/// Pastes a rectangle of another image of the batch, from the same place, and mixes the classes by the area that was
/// really pasted (Yun et al. 2019, "CutMix", arXiv 1905.04899).
///
/// The share pasted is drawn from Beta(alpha, alpha), but never more than half, so that the image keeps its label's
/// place in the batch; the rectangle has the image's proportions and its centre anywhere, so part of it may fall
/// outside. As for ``MixUp``, images with a label are mixed with such, and pasting comes after everything else. Boxes,
/// points and label maps of what is pasted come along, see
/// ``AugmentationPolicy/apply(to:targets:by:)``.
public struct CutMix: PixelOperation {
    public static let name = "cutMix"
    public static let template = CutMix(alpha: 0)

    /// The parameter of the distribution. Small values give mostly one image; 1 makes all shares equally likely, as in
    /// the paper; 0 does nothing.
    @Field("alpha", within: 0...100, neutral: 0, required: true) public var alpha: Double

    /// Creates the operation.
    public init(alpha: Double) { self.alpha = alpha }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_alpha) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        guard alpha > 0 else { return }
        let word = stream.random.nextWord()
        let share = stream.random.symmetricBeta(alpha)
        let side = min(share, 1 - share).squareRoot()
        func span(_ length: Int) -> Range<Int> {
            let covered = Int((side * Double(length)).rounded())
            let start = stream.random.index(below: length) - covered / 2
            return (start..<start + covered).clamped(to: 0..<length)
        }
        let rows = span(extent.height)
        let columns = span(extent.width)
        if !rows.isEmpty, !columns.isEmpty { view.append(.paste(rows: rows, columns: columns, word: word)) }
    }
}

/// Cuts the image in four at a random point, keeps the largest part and pastes the others from other images of the
/// batch, from the same places; classes are mixed by area (after the mosaic of YOLOv4, Bochkovskiy et al. 2020, arXiv
/// 2004.10934).
///
/// What differs from YOLOv4: its parts are moved and resized, and no part is the image's own by rule. In a small batch
/// two parts may come from the same image. As for ``MixUp``, images with a label are mixed with such, after everything
/// else. Boxes, points and label maps come along as for ``CutMix``.
public struct Mosaic: PixelOperation {
    public static let name = "mosaic"
    public static let template = Mosaic()

    /// How near the edges the point may lie, as a share of the side. At 0.5 it is the centre.
    @Field("margin", within: 0...0.5) public var margin: Double

    /// Creates the operation.
    public init(margin: Double = 0.25) { self.margin = margin }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_margin) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let row = Int((stream.uniform(in: margin...1 - margin) * Double(extent.height)).rounded())
        let column = Int((stream.uniform(in: margin...1 - margin) * Double(extent.width)).rounded())
        let rows = [0..<row, row..<extent.height]
        let columns = [0..<column, column..<extent.width]
        let own = (rows[0].count < rows[1].count ? 1 : 0, columns[0].count < columns[1].count ? 1 : 0)
        for (vertical, horizontal) in [(0, 0), (0, 1), (1, 0), (1, 1)] where (vertical, horizontal) != own {
            let word = stream.random.nextWord()
            guard !rows[vertical].isEmpty, !columns[horizontal].isEmpty else { continue }
            view.append(.paste(rows: rows[vertical], columns: columns[horizontal], word: word))
        }
    }
}

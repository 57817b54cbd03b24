/// Covers a square at a random place (DeVries and Taylor 2017, arXiv 1708.04552). Its centre may be any pixel, so part
/// of the square may lie outside.
public struct Cutout: AugmentationOperation {
    static let name = "cutout"
    static let template = Cutout(size: 0)
    static let fields: [OperationField<Cutout>] = [
        .number("size", \.size, within: 0...1, neutral: 0, required: true),
        .number("fill", \.fill, within: 0...1, neutral: nil),
    ]

    /// The square's side as a share of the image's shorter side, within 0 ... 1.
    public private(set) var size: Double
    /// What it is covered with: 0 black, 1 white.
    public private(set) var fill: Double

    /// Creates the operation.
    public init(size: Double, fill: Double = 0) {
        self.size = size
        self.fill = fill
        requireFields()
    }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelStep]) {
        let side = Int((size * Double(min(extent.height, extent.width))).rounded())
        let row = stream.random.index(below: extent.height) - side / 2
        let column = stream.random.index(below: extent.width) - side / 2
        view.append(
            .fill(
                rows: (row..<row + side).clamped(to: 0..<extent.height),
                columns: (column..<column + side).clamped(to: 0..<extent.width), byte: UInt8(fill * 255 + 0.5)))
    }
}

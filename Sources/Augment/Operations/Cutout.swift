/// Covers a square at a random place (DeVries and Taylor 2017, arXiv 1708.04552). Its centre may be any pixel, so part
/// of the square may lie outside.
public struct Cutout: PixelOperation {
    public static let name = "cutout"
    public static let template = Cutout(size: 0)

    /// The square's side as a share of the image's shorter side.
    @Field("size", within: 0...1, neutral: 0, required: true) public var size: Double
    /// What it is covered with: 0 black, 1 white.
    @Field("fill", within: 0...1) public var fill: Double

    /// Creates the operation.
    public init(size: Double, fill: Double = 0) {
        self.size = size
        self.fill = fill
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_size)
        visit(&_fill)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let side = Int((size * Double(min(extent.height, extent.width))).rounded())
        let row = stream.random.index(below: extent.height) - side / 2
        let column = stream.random.index(below: extent.width) - side / 2
        view.append(
            .fill(
                rows: (row..<row + side).clamped(to: 0..<extent.height),
                columns: (column..<column + side).clamped(to: 0..<extent.width), byte: UInt8(fill * 255 + 0.5)))
    }
}

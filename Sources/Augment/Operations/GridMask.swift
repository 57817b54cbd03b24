/// Covers squares on a regular grid that is shifted at random (Chen et al. 2020, "GridMask data augmentation", arXiv
/// 2001.04086), in all channels. The paper's implementation can turn the grid; this one does not.
public struct GridMask: PixelOperation {
    public static let name = "gridMask"
    public static let template = GridMask(cover: 0)

    /// A square's side as a share of the grid's unit, which is 1 − r of the paper.
    @Field("cover", within: 0...1, neutral: 0, required: true) public var cover: Double
    /// The grid's unit, the paper's d, as a share of the image's shorter side.
    @Field("unit", within: 0.1...1) public var unit: ClosedRange<Double>
    /// What squares are covered with: 0 black, 1 white.
    @Field("fill", within: 0...1) public var fill: Double

    /// Creates the operation; the default unit is the paper's for ImageNet, 96 ... 224 of 224 pixels.
    public init(cover: Double, unit: ClosedRange<Double> = 0.43...1, fill: Double = 0) {
        self.cover = cover
        self.unit = unit
        self.fill = fill
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_cover)
        visit(&_unit)
        visit(&_fill)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let side = max(Int((stream.uniform(in: unit) * Double(min(extent.height, extent.width))).rounded()), 1)
        let down = stream.random.index(below: side)
        let right = stream.random.index(below: side)
        let covered = Int((cover * Double(side)).rounded())
        guard covered > 0 else { return }
        for top in stride(from: down - side, to: extent.height, by: side) {
            let rows = (top..<top + covered).clamped(to: 0..<extent.height)
            for left in stride(from: right - side, to: extent.width, by: side) where !rows.isEmpty {
                let columns = (left..<left + covered).clamped(to: 0..<extent.width)
                guard !columns.isEmpty else { continue }
                view.append(.fill(rows: rows, columns: columns, byte: UInt8(fill * 255 + 0.5)))
            }
        }
    }
}

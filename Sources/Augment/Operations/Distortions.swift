/// Moves every pixel by a smooth random field (Simard, Steinkraus and Platt 2003, "Best practices for convolutional
/// neural networks applied to visual document analysis"): uniform numbers, smoothed by a Gaussian.
///
/// Beyond the edges the numbers count as zero, so the field is calmer there. Sizes are shares of the shorter side,
/// where the paper has pixels and a factor whose effect depends on the smoothing; its 29-pixel digits had a smoothing
/// of 4, here 0.14.
public struct ElasticDeformation: PixelOperation {
    public static let name = "elasticDeformation"
    public static let isGeometric = true
    public static let template = ElasticDeformation(displacement: 0)

    /// The standard deviation of the shift along each side, as a share of the shorter side. Pixels fold over
    /// one another where it is larger than about half the smoothing.
    @Field("displacement", within: 0...0.2, neutral: 0, required: true) public var displacement: Double
    /// The standard deviation of the Gaussian, as a share of the shorter side.
    @Field("smoothing", within: 0.01...0.3) public var smoothing: Double
    /// What is read beyond the edges.
    @Field("border") public var border: ImageBorder

    /// Creates the operation.
    public init(displacement: Double, smoothing: Double = 0.1, border: ImageBorder = .zero) {
        self.displacement = displacement
        self.smoothing = smoothing
        self.border = border
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_displacement)
        visit(&_smoothing)
        visit(&_border)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        guard displacement > 0 else { return }
        let side = Double(min(extent.height, extent.width))
        view.append(
            .displace(
                Displacement(
                    kind: .random(deviation: displacement * side, smoothing: smoothing * side, stream: stream),
                    border: border)))
    }
}

/// Lays a mesh of equal cells over the image and moves its inner corners at random; between corners the shift is
/// bilinear. The outline stays, so nothing from beyond the edges is seen.
public struct GridDistortion: PixelOperation {
    public static let name = "gridDistortion"
    public static let isGeometric = true
    public static let template = GridDistortion(strength: 0)

    /// The largest shift of a corner along each side, as a share of a cell's side.
    @Field("strength", within: 0...0.5, neutral: 0, required: true) public var strength: Double
    /// The number of cells along each side.
    @Field("cells", within: 2...64) public var cells: Int

    /// Creates the operation.
    public init(strength: Double, cells: Int = 5) {
        self.strength = strength
        self.cells = cells
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_strength)
        visit(&_cells)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        guard strength > 0 else { return }
        let cellWidth = Double(extent.width) / Double(cells)
        let cellHeight = Double(extent.height) / Double(cells)
        var vectors: [Point] = []
        for row in 0...cells {
            for column in 0...cells {
                let x = stream.uniform(in: -strength...strength) * cellWidth
                let y = stream.uniform(in: -strength...strength) * cellHeight
                vectors.append(
                    Point(x: column % cells == 0 ? 0 : x, y: row % cells == 0 ? 0 : y))
            }
        }
        view.append(.displace(Displacement(kind: .mesh(cells: cells, vectors: vectors), border: .edge)))
    }
}

import Datasets
import TensorCore

/// The directions in which the colours of a data set vary most, for ``PCALighting``.
public struct ColorComponents: Sendable, Hashable {
    /// Variance along each direction, of values in 0 ... 1: three numbers.
    public let variances: [Double]
    /// Unit vectors (r, g, b), one after another: nine numbers.
    public let directions: [Double]

    /// Those of ImageNet, as published with Facebook's ResNet training code (fb.resnet.torch, 2016) and used since.
    public static let imageNet = ColorComponents(
        variances: [0.2175, 0.0188, 0.0045],
        directions: [-0.5675, -0.5808, -0.5836, 0.7192, -0.0045, -0.6948, 0.4009, -0.8140, 0.4203])

    /// Computes the components of all pixels of a set, by the eigenvectors of their covariance (LAPACK's `syev`).
    ///
    /// - Parameter images: one or more, of 3 or 4 channels; a fourth is left out.
    /// - Returns: largest variance first, each direction with its largest element positive.
    /// - Throws: `LinearAlgebraError` if LAPACK does not converge.
    public static func of(_ images: ImageSet) throws -> ColorComponents {
        let channels = images.channels
        require(
            channels == 3 || channels == 4, "ColorComponents: images have \(channels) channels, 3 or 4 expected")
        require(!images.pixels.isEmpty, "ColorComponents: no pixels given, one or more expected")
        // Whole numbers, so the order of the sums does not matter.
        var sums = [Int](repeating: 0, count: 3)
        var products = [Int](repeating: 0, count: 9)
        for start in stride(from: 0, to: images.pixels.count, by: channels) {
            for row in 0..<3 {
                let value = Int(images.pixels[start + row])
                sums[row] += value
                for column in 0...row { products[row * 3 + column] += value * Int(images.pixels[start + column]) }
            }
        }
        let count = Double(images.pixels.count / channels)
        let covariance = (0..<9).map { place -> Float in
            let (row, column) = (max(place / 3, place % 3), min(place / 3, place % 3))
            let mean = Double(products[row * 3 + column]) / count
            return Float((mean - Double(sums[row]) / count * (Double(sums[column]) / count)) / 65025)
        }
        let (values, vectors) = try eigh(Tensor(covariance, shape: [3, 3]))
        var directions: [Double] = []
        for place in [2, 1, 0] {
            let direction = (0..<3).map { Double(vectors[$0, place]) }
            let largest = direction.max { abs($0) < abs($1) } ?? 1
            directions += direction.map { largest < 0 ? -$0 : $0 }
        }
        return ColorComponents(
            variances: [2, 1, 0].map { max(Double(values[$0]), 0) }, directions: directions)
    }
}

/// Adds light of a random colour to the whole image, along the principal components of the data's colours: Σ αᵢ λᵢ pᵢ
/// with αᵢ from N(0, deviation²), λᵢ the variance and pᵢ the direction of component i, of values in 0 ... 1 (Krizhevsky
/// et al. 2012, "ImageNet classification with deep convolutional neural networks", section 4.1; there 0.1).
///
/// Images of one channel and the fourth channel of four stay as they are.
public struct PCALighting: PixelOperation {
    public static let name = "pcaLighting"
    public static let template = PCALighting(standardDeviation: 0)

    /// The deviation of each α.
    @Field("standardDeviation", within: 0...10, neutral: 0, required: true) public var standardDeviation: Double
    /// The three variances λ.
    @Field("variances", count: 3, within: 0...1) public var variances: [Double]
    /// The three directions p, one after another.
    @Field("directions", count: 9, within: -1...1) public var directions: [Double]

    /// Creates the operation.
    public init(standardDeviation: Double, components: ColorComponents = .imageNet) {
        self.standardDeviation = standardDeviation
        variances = components.variances
        directions = components.directions
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_standardDeviation)
        visit(&_variances)
        visit(&_directions)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        var light = SIMD3<Double>()
        for place in 0..<3 {
            let direction = SIMD3(directions[3 * place], directions[3 * place + 1], directions[3 * place + 2])
            light += standardDeviation * Double(stream.random.normal()) * variances[place] * direction
        }
        var matrix = ColorMatrix()
        (matrix.red.w, matrix.green.w, matrix.blue.w) = (light.x, light.y, light.z)
        if extent.hasColour { view.append(.color(matrix)) }
    }
}

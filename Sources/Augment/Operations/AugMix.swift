import Foundation
import TensorCore

/// Blends an image with several views of itself, each made by a short chain of mild operations (Hendrycks et al. 2020,
/// "AugMix: a simple data processing method to improve robustness and uncertainty", arXiv 1912.02781). The label stays.
///
/// Each chain does one to ``depth`` operations, each of the nine of the paper, equally likely: automatic contrast,
/// equalisation, posterisation, rotation, solarisation, shears and shifts along either axis. They leave out what
/// ImageNet-C tests: contrast, brightness, colour, sharpness. Chains are weighted by Dirichlet(alpha), and their blend
/// and the image itself by Beta(alpha, alpha).
///
/// Strengths are drawn evenly up to the severity, where the authors' code leaves out the mildest hundredth of the
/// scale; posterisation leaves 1 bit at the highest severity and not 0. Boxes, points and label maps stay where the
/// image itself has them. The paper's second half, the Jensen–Shannon loss that asks for like outputs on several views
/// of an image, is the loss's business and not part of this.
public struct AugMix: ComposedOperation {
    public static let name = "augMix"
    public static let template = AugMix()

    /// How strong the operations may be: at 10 rotations by 30°, shears of slope 0.3, shifts by a third of a side,
    /// everything solarised. 0 does nothing.
    @Field("severity", within: 0...10, neutral: 0) public var severity: Double
    /// The number of chains.
    @Field("width", within: 1...10) public var width: Int
    /// The most operations of a chain.
    @Field("depth", within: 1...10) public var depth: Int
    /// The parameter of both distributions. Small values give mostly one of the chains, and that or the image; 1 makes
    /// all shares equally likely; large values blend evenly.
    @Field("alpha", within: 0.01...100) public var alpha: Double

    /// Creates the operation; the defaults are the paper's.
    public init(severity: Double = 3, width: Int = 3, depth: Int = 3, alpha: Double = 1) {
        self.severity = severity
        self.width = width
        self.depth = depth
        self.alpha = alpha
    }

    public mutating func visitFields(_ visit: FieldVisitor) {
        visit(&_severity)
        visit(&_width)
        visit(&_depth)
        visit(&_alpha)
    }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        guard severity > 0 else { return }
        let share = stream.random.symmetricBeta(alpha)
        let chains = stream.random.symmetricDirichlet(alpha, count: width).map { weight in
            var steps: [PixelChange] = []
            for _ in 0...stream.random.index(below: depth) {
                let kind = Self.kinds[stream.random.index(below: Self.kinds.count)]
                operation(kind).draw(extent, from: &stream, into: &steps)
            }
            return ChainBlend.Chain(view: View(fusing: steps), weight: Float(share * weight))
        }
        view.append(.filter(ChainBlend(own: Float(1 - share), chains: chains)))
    }

    /// All nine, at any strength that may be drawn.
    var constituents: [any PixelOperation] { Self.kinds.map(operation) }

    /// Degrees by which a chain may turn the image, each of its operations as far as it can.
    var rotation: ClosedRange<Double> {
        let most = 3 * severity * Double(depth)
        return -most...most
    }

    /// Degrees by which a chain may shear the image.
    var shear: ClosedRange<Double> {
        let most = atan(0.3 * severity / 10) * 180 / .pi * Double(depth)
        return -most...most
    }

    private static let kinds: [TableOperation] = [
        .autoContrast, .equalize, .posterize, .rotate, .solarize, .shearX, .shearY, .translateX, .translateY,
    ]

    private static let ranges = TableOperation.Ranges(shift: 1.0 / 3, topBits: 4, bits: 3)

    private func operation(_ kind: TableOperation) -> any PixelOperation {
        kind.evenOperation(Self.ranges, upTo: severity / 10)
    }
}

/// A weighted sum of an image and of what chains of passes make of it. The weights sum to 1.
struct ChainBlend: PixelFilter {
    struct Chain {
        let view: View
        let weight: Float
    }

    /// The weight of the image itself.
    let own: Float
    let chains: [Chain]

    func apply(to image: Pixels, using scratch: Scratch) {
        let (count, pixels) = (image.count, image.base)
        var parts = scratch.reserve(count * MemoryLayout<Float>.stride, count)
        let sums = parts.take(count, of: Float.self)
        let bytes = parts.take(count, of: UInt8.self)
        for place in 0..<count { sums[place] = 0.5 + own * Float(pixels[place]) }
        let canvas = Canvas(image.extent)
        for chain in chains {
            canvas.render(chain.view, of: UnsafeBufferPointer(start: pixels, count: count), into: bytes)
            for place in 0..<count { sums[place] += chain.weight * Float(bytes[place]) }
        }
        for place in 0..<count { pixels[place] = UInt8(sums[place]) }
    }
}

extension Philox {
    /// Shares from the symmetric Dirichlet distribution, which sum to 1: gamma-distributed numbers over their sum, from
    /// their logarithms as for ``symmetricBeta(_:)``.
    mutating func symmetricDirichlet(_ alpha: Double, count: Int) -> [Double] {
        let logarithms = (0..<count).map { _ in logarithmOfGamma(alpha) }
        let largest = logarithms.max() ?? 0
        let parts = logarithms.map { exp($0 - largest) }
        let sum = parts.reduce(0, +)
        return parts.map { $0 / sum }
    }

    /// An index, each as probable as its share of the sum of the weights; one number of the stream.
    mutating func index(weights: [Double]) -> Int {
        let point = Double(uniform()) * weights.reduce(0, +)
        var below = 0.0
        for (index, weight) in weights.enumerated() {
            below += weight
            if point < below { return index }
        }
        // Where rounding left the point at the sum itself.
        return weights.lastIndex { $0 > 0 } ?? 0
    }
}

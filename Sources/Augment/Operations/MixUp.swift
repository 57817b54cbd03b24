import Foundation
import TensorCore

/// Blends an image with another of its batch, and their classes in the same proportion (Zhang et al. 2018, "mixup:
/// Beyond empirical risk minimization", arXiv 1710.09412).
///
/// The share of the image itself is drawn from Beta(alpha, alpha) and is never less than half, so that the image keeps
/// its label's place in the batch. An image with a label is blended with one that has a label, one without with one
/// without. Blending comes after everything else, wherever it stands in the policy; probability and grouping count as
/// for any operation.
public struct MixUp: PixelOperation {
    public static let name = "mixUp"
    public static let template = MixUp(alpha: 0)

    /// The parameter of the distribution. Small values give mostly one image, 1 makes all shares equally likely, large
    /// values give halves, and 0 does nothing.
    @Field("alpha", within: 0...100, neutral: 0, required: true) public var alpha: Double

    /// Creates the operation.
    public init(alpha: Double) { self.alpha = alpha }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_alpha) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        guard alpha > 0 else { return }
        let word = stream.random.nextWord()
        let share = stream.random.symmetricBeta(alpha)
        view.append(.mix(share: Float(max(share, 1 - share)), word: word))
    }
}

extension Philox {
    /// A number from Beta(alpha, alpha), alpha positive: X / (X + Y) of two gamma-distributed numbers, computed from
    /// their logarithms because both underflow for small alpha.
    mutating func symmetricBeta(_ alpha: Double) -> Double {
        let x = logarithmOfGamma(alpha)
        let y = logarithmOfGamma(alpha)
        // Below about 1e-308 both logarithms are -infinity: the distribution is that of a coin, 0 or 1.
        guard x.isFinite || y.isFinite else { return uniform() < 0.5 ? 0 : 1 }
        return 1 / (1 + exp(y - x))
    }

    /// The logarithm of a number from Gamma(shape, 1): Marsaglia and Tsang, "A simple method for generating gamma
    /// variables", 2000; from shape + 1, times U^(1/shape), so that it serves shapes below 1.
    mutating func logarithmOfGamma(_ shape: Double) -> Double {
        let d = shape + 1 - 1.0 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let z = Double(normal())
            let v = pow(1 + c * z, 3)
            let u = 1 - Double(uniform())
            guard v > 0, log(u) < 0.5 * z * z + d - d * v + d * log(v) else { continue }
            return log(d * v) + log(1 - Double(uniform())) / shape
        }
    }
}

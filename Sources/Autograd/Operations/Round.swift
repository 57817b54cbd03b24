import TensorCore

/// Every element rounded to a whole number; the gradient is 0, as the derivative is wherever there is one.
public struct RoundOperation: ElementwiseOperation {
    public static let name = "round"

    /// Which whole number.
    public enum Rule: String, Hashable, Sendable, Codable {
        /// The nearest, of two the even one.
        case nearest
        /// The next one below, or the number itself.
        case down
        /// The next one above, or the number itself.
        case up
    }

    /// Which whole number.
    public let rule: Rule

    public init(_ rule: Rule = .nearest) { self.rule = rule }

    public func value(at x: Float) -> Float {
        switch rule {
        case .nearest: x.rounded(.toNearestOrEven)
        case .down: x.rounded(.down)
        case .up: x.rounded(.up)
        }
    }

    public func slope(at x: Float) -> Float { 0 }
}

extension Variable {
    /// Every element rounded to a whole number; the gradient is 0.
    ///
    /// - Parameter rule: which whole number; the nearest, of two the even one, unless given.
    public func rounded(_ rule: RoundOperation.Rule = .nearest) -> Variable { applying(RoundOperation(rule)) }
}

import TensorCore

/// A number added to every element.
public struct OffsetOperation: ElementwiseOperation {
    public static let name = "offset"

    /// The number, finite.
    public let term: Float

    public init(term: Float) { self.term = term }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        guard term.isFinite else { throw OperationError(found: "a term of \(term)", expected: "a finite number") }
        return operands[0]
    }

    public func value(at x: Float) -> Float { x + term }

    public func slope(at x: Float) -> Float { 1 }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0] + term }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        return operands[0].tape.record(AnyOperation(self), operands[0].value + term, from: operands[0]) { $0 }
    }
}

extension Variable {
    /// A number added to every element.
    public static func + (left: Variable, right: Float) -> Variable { left.applying(OffsetOperation(term: right)) }

    /// A number added to every element.
    public static func + (left: Float, right: Variable) -> Variable { right + left }

    /// A number subtracted from every element.
    public static func - (left: Variable, right: Float) -> Variable { left + -right }

    /// Every element subtracted from a number.
    public static func - (left: Float, right: Variable) -> Variable { -right + left }
}

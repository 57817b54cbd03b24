import TensorCore

/// An activation that has a vector kernel.
public protocol VectorizedOperation: ElementwiseOperation {
    /// The function with the operation's attributes.
    var function: VectorFunction { get }

    /// The numbers among the attributes, which must be finite.
    var numbers: [Float] { get }
}

extension VectorizedOperation {
    public var numbers: [Float] { [] }

    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        guard numbers.allSatisfy(\.isFinite) else {
            throw OperationError(found: "\(label) with \(numbers)", expected: "finite numbers")
        }
        return operands[0]
    }

    public func value(at x: Float) -> Float { function(x) }

    public func slope(at x: Float) -> Float { function.slope(at: x) }

    public func forward(_ operands: [Tensor]) -> Tensor { function(operands[0]) }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let (input, function) = (operands[0].value, function)
        return operands[0].tape.record(AnyOperation(self), function(input), from: operands[0]) {
            function.gradient($0, at: input)
        }
    }
}

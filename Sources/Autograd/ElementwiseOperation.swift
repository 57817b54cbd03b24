import TensorCore

/// A function of one number, applied to every element: an activation.
///
/// The function and its derivative are all there is to write. From them come the forward pass and the gradient, and
/// elsewhere the table of 256 values that it is on uint8, the C export, and that channels pass through it one by one:
///
///     struct QuickGELU: ElementwiseOperation {
///         static let name = "example.quickGELU"
///         func value(at x: Float) -> Float { x / (1 + exp(-1.702 * x)) }
///         func slope(at x: Float) -> Float {
///             let gate = 1 / (1 + exp(-1.702 * x))
///             return gate + 1.702 * x * gate * (1 - gate)
///         }
///     }
///     let y = x.applying(QuickGELU())
public protocol ElementwiseOperation: GraphOperation {
    /// The function.
    func value(at x: Float) -> Float
    /// Its derivative.
    func slope(at x: Float) -> Float
}

extension ElementwiseOperation {
    public func shape(of operands: [Shape]) throws(OperationError) -> Shape {
        try operands.require(1...1, for: label)
        return operands[0]
    }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0].parallelMap { value(at: $0) } }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let input = operands[0].value
        return operands[0].tape.record(AnyOperation(self), forward([input]), from: operands[0]) {
            $0 * input.parallelMap { slope(at: $0) }
        }
    }
}

extension Variable {
    /// A function of one number, applied to every element.
    public func applying(_ operation: some ElementwiseOperation) -> Variable { operation.record([self]) }
}

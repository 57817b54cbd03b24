import TensorCore

/// The sum over some axes, in double precision; 0 over an axis of no elements.
public struct SumOperation: ReducingOperation {
    public static let name = "sum"
    public static let takesEmptyAxes = true

    public let axes: [Int]
    public let keepsAxes: Bool

    public init(axes: [Int], keepsAxes: Bool = false) { (self.axes, self.keepsAxes) = (axes, keepsAxes) }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0].sum(axes: axes, keepingAxes: keepsAxes) }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let (output, shape) = (forward([operands[0].value]), operands[0].shape)
        return operands[0].tape.record(AnyOperation(self), output, from: operands[0]) { upstream in
            repeated(upstream, to: shape)
        }
    }
}

extension Variable {
    /// The sum over some axes, in double precision; 0 over an axis of no elements.
    ///
    /// - Parameters:
    ///   - axes: in any order, each once; negative ones count from the last.
    ///   - keepingAxes: whether the axes stay, with extent 1.
    public func sum(axes: [Int], keepingAxes: Bool = false) -> Variable {
        SumOperation(axes: axes, keepsAxes: keepingAxes).record([self])
    }
}

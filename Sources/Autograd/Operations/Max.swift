import TensorCore

/// The maximum over some axes, which have elements; NaN where one occurs. Equal maxima share the gradient.
public struct MaxOperation: ReducingOperation {
    public static let name = "max"
    public static let takesEmptyAxes = false

    public let axes: [Int]
    public let keepsAxes: Bool

    public init(axes: [Int], keepsAxes: Bool = false) { (self.axes, self.keepsAxes) = (axes, keepsAxes) }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0].max(axes: axes, keepingAxes: keepsAxes) }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let input = operands[0].value
        let output = forward([input])
        return operands[0].tape.record(AnyOperation(self), output, from: operands[0]) { upstream in
            let shares = Tensor.maximumShares(input, over: repeated(output, to: input.shape))
            let total = shares.sum(axes: axes, keepingAxes: keepsAxes)
            return shares * repeated(upstream / total, to: input.shape)
        }
    }
}

extension Variable {
    /// The maximum over some axes, which have elements; NaN where one occurs. Equal maxima share the gradient.
    ///
    /// - Parameters:
    ///   - axes: in any order, each once; negative ones count from the last.
    ///   - keepingAxes: whether the axes stay, with extent 1.
    public func max(axes: [Int], keepingAxes: Bool = false) -> Variable {
        MaxOperation(axes: axes, keepsAxes: keepingAxes).record([self])
    }
}

import TensorCore

/// The mean over some axes, which have elements.
public struct MeanOperation: ReducingOperation {
    public static let name = "mean"
    public static let takesEmptyAxes = false

    public let axes: [Int]
    public let keepsAxes: Bool

    public init(axes: [Int], keepsAxes: Bool = false) { (self.axes, self.keepsAxes) = (axes, keepsAxes) }

    public func forward(_ operands: [Tensor]) -> Tensor { operands[0].mean(axes: axes, keepingAxes: keepsAxes) }

    public func record(_ operands: [Variable]) -> Variable {
        requireFit(operands)
        let (output, shape) = (forward([operands[0].value]), operands[0].shape)
        let share = Float(output.count) / Float(max(shape.elementCount, 1))
        return operands[0].tape.record(AnyOperation(self), output, from: operands[0]) { upstream in
            repeated(upstream * share, to: shape)
        }
    }
}

extension Variable {
    /// The mean over some axes, which have elements.
    ///
    /// - Parameters:
    ///   - axes: in any order, each once; negative ones count from the last.
    ///   - keepingAxes: whether the axes stay, with extent 1.
    public func mean(axes: [Int], keepingAxes: Bool = false) -> Variable {
        MeanOperation(axes: axes, keepsAxes: keepingAxes).record([self])
    }
}

import Autograd
import TensorCore

/// A fully connected layer: [N, ..., in] to [N, ..., out].
public struct Dense: Module {
    /// [in, out].
    public var weight: Parameter
    /// [out].
    public var bias: Parameter

    /// Creates a layer with weights and bias uniform in ±1/√in.
    public init(_ inputs: Int, _ outputs: Int, using random: inout Philox) {
        weight = Parameter(Initialization.uniform([inputs, outputs], fanIn: inputs, using: &random))
        bias = Parameter(Initialization.uniform([outputs], fanIn: inputs, using: &random), role: .bias)
    }

    /// Creates a layer with normal weights of a deviation and bias 0.
    init(_ inputs: Int, _ outputs: Int, deviation: Float, using random: inout Philox) {
        weight = Parameter(Tensor(normal: [inputs, outputs], deviation: deviation, using: &random))
        bias = Parameter(.zeros([outputs]), role: .bias)
    }

    /// - Parameter input: [N, ..., in].
    public func callAsFunction(_ input: Variable) -> Variable {
        input.multiplied(byMatrix: weight(on: input.tape), bias: bias(on: input.tape))
            .outputOfModule(with: weight.slot)
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("weight", &weight)
        visitor("bias", &bias)
    }
}

import Autograd
import Layers

/// A network without parameters, given by its forward pass.
public struct ClosureModule: Module {
    private let body: @Sendable (Variable) -> Variable

    /// Wraps a forward pass.
    public init(_ body: @escaping @Sendable (Variable) -> Variable) { self.body = body }

    public func callAsFunction(_ input: Variable) -> Variable { body(input) }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {}
}

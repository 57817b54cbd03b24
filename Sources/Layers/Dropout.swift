import Autograd

/// Drops activations at random in training; see `Variable.dropout(_:)`.
public struct Dropout: Module {
    /// The probability of dropping an element.
    public let probability: Float

    /// Creates a layer.
    public init(_ probability: Float) { self.probability = probability }

    public func callAsFunction(_ input: Variable) -> Variable { input.dropout(probability) }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {}
}

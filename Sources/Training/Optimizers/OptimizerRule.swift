import TensorCore

/// How an optimiser turns a gradient into a step: the protocol for a rule of one's own.
///
///     struct SignDescent: OptimizerRule {
///         var momentum: Float = 0.9
///
///         func step(
///             _ value: inout Tensor, along gradient: Tensor, state: inout [String: Tensor], at step: OptimizerStep
///         ) {
///             let mean = (state["mean"] ?? .zeros(value.shape)) * momentum + gradient * (1 - momentum)
///             value.add(mean.map { $0 < 0 ? -1 : 1 }, scaledBy: -step.rate)
///             state["mean"] = mean
///         }
///     }
///
///     let plan = TrainingPlan(steps: 500, optimizer: .init(SignDescent()))
///
/// What a rule remembers of a parameter is tensors by name, which checkpoints hold; its constants are stored
/// properties, by which a checkpoint knows its run again.
public protocol OptimizerRule: Hashable, Sendable, Codable {
    /// The name in checkpoints and messages; the type's where none is given.
    static var name: String { get }

    /// How strongly weights, though not biases and normalisations, shrink; 0 where none is given. It reaches
    /// ``step(_:along:state:at:)`` as ``OptimizerStep/decay``.
    var weightDecay: Float { get }

    /// Checks the constants; does nothing where not given.
    ///
    /// - Throws: `ConfigurationError` for one out of range.
    func check() throws

    /// Takes one step with one parameter.
    ///
    /// - Parameters:
    ///   - value: the parameter.
    ///   - gradient: of its shape.
    ///   - state: what the rule remembers of this parameter, by names without a slash; empty before the first step.
    ///   - step: which step it is, and how long.
    func step(
        _ value: inout Tensor, along gradient: Tensor, state: inout [String: Tensor], at step: OptimizerStep)

    /// Whether a tensor from a checkpoint can be what the rule remembers of a parameter; by default one of the
    /// parameter's shape.
    func accepts(state: Shape, ofParameter shape: Shape) -> Bool
}

extension OptimizerRule {
    public static var name: String { "\(Self.self)" }
    public var weightDecay: Float { 0 }
    public func check() throws {}
    public func accepts(state: Shape, ofParameter shape: Shape) -> Bool { state == shape }
}

/// What a step of an optimiser is besides its gradient.
public struct OptimizerStep: Sendable {
    /// From 1 over the whole run.
    public let number: Int
    /// The learning rate, the parameter group's factor included.
    public let rate: Float
    /// The weight decay of this parameter; 0 for biases and normalisations.
    public let decay: Float
}

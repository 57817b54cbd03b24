import TensorCore

/// Gradient descent with momentum; decay is added to the gradient (Sutskever et al. 2013).
public struct SGD: OptimizerRule {
    public static let name = "sgd"
    /// The share of the velocity that a step keeps, 0 ..< 1.
    public var momentum: Float
    /// Whether the gradient counts as if it were taken after the velocity's next step (Nesterov).
    public var nesterov: Bool
    public var weightDecay: Float

    /// Creates the rule.
    public init(momentum: Float = 0.9, nesterov: Bool = true, weightDecay: Float = 5e-4) {
        self.momentum = momentum
        self.nesterov = nesterov
        self.weightDecay = weightDecay
    }

    public func check() throws {
        guard momentum >= 0, momentum < 1 else {
            throw ConfigurationError(["momentum"], "\(momentum) is not in 0 ..< 1")
        }
    }

    public func step(
        _ value: inout Tensor, along gradient: Tensor, state: inout [String: Tensor], at step: OptimizerStep
    ) {
        var velocity = state.removeValue(forKey: "first") ?? .zeros(value.shape)
        value.stepSGD(
            along: gradient, velocity: &velocity, rate: step.rate, momentum: momentum, decay: step.decay,
            nesterov: nesterov)
        state["first"] = velocity
    }
}

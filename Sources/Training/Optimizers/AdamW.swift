import TensorCore

/// Adam with decoupled decay (Loshchilov and Hutter, arXiv 1711.05101).
public struct AdamW: OptimizerRule {
    public static let name = "adamW"
    /// The share of the running mean of gradients, and of their squares, that a step keeps, 0 ..< 1.
    public var beta1, beta2: Float
    /// Added to the root of the mean square, above 0.
    public var epsilon: Float
    public var weightDecay: Float

    /// Creates the rule.
    public init(beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, weightDecay: Float = 0.01) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    public func check() throws {
        for (name, beta) in [("beta1", beta1), ("beta2", beta2)] where !(beta >= 0 && beta < 1) {
            throw ConfigurationError([.name(name)], "\(beta) is not in 0 ..< 1")
        }
        guard epsilon > 0 else { throw ConfigurationError(["epsilon"], "\(epsilon) is not above 0") }
    }

    public func step(
        _ value: inout Tensor, along gradient: Tensor, state: inout [String: Tensor], at step: OptimizerStep
    ) {
        var mean = state.removeValue(forKey: "first") ?? .zeros(value.shape)
        var square = state.removeValue(forKey: "second") ?? .zeros(value.shape)
        value.stepAdamW(
            along: gradient, first: &mean, second: &square, step: step.number, rate: step.rate, betas: (beta1, beta2),
            epsilon: epsilon, decay: step.decay)
        state["first"] = mean
        state["second"] = square
    }
}

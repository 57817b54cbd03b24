import Autograd
import Layers
import TensorCore

/// Turns gradients into steps. A value: its state is one tensor or two for each parameter, by path.
///
/// Weight decay is for weights alone, not for biases and the scale and shift of normalisations.
public struct Optimizer: Sendable {
    /// The rule, with its constants.
    public enum Rule: Hashable, Sendable, Codable {
        /// Gradient descent with momentum; decay is added to the gradient (Sutskever et al. 2013).
        case sgd(momentum: Float = 0.9, nesterov: Bool = true, weightDecay: Float = 5e-4)
        /// Adam with decoupled decay (Loshchilov and Hutter, arXiv 1711.05101).
        case adamW(beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, weightDecay: Float = 0.01)
    }

    /// The rule.
    public let rule: Rule
    /// Steps taken.
    public private(set) var steps = 0
    // Velocities, or the first and second moments, by parameter path.
    private var first: [String: Tensor] = [:]
    private var second: [String: Tensor] = [:]

    /// Creates an optimiser that has taken no step.
    public init(_ rule: Rule) {
        switch rule {
        case .sgd(let momentum, _, let decay):
            require(
                momentum >= 0 && momentum < 1 && decay >= 0,
                "Optimizer.sgd: momentum \(momentum), decay \(decay), 0 ..< 1 and 0 or more expected")
        case .adamW(let beta1, let beta2, let epsilon, let decay):
            require(
                beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1 && epsilon > 0 && decay >= 0,
                "Optimizer.adamW: betas \(beta1) and \(beta2), epsilon \(epsilon), decay \(decay), "
                    + "0 ..< 1, above 0 and 0 or more expected")
        }
        self.rule = rule
    }

    /// Takes one step along the gradients of a pass over this model.
    ///
    /// - Parameters:
    ///   - model: what the gradients belong to.
    ///   - gradients: of the model's last pass.
    ///   - rate: the learning rate.
    ///   - clipping: gradients are scaled so that the norm of all of them together is at most this (Pascanu et al.,
    ///     arXiv 1211.5063); nil for no limit.
    public mutating func step(
        _ model: inout some Module, along gradients: Gradients, rate: Float, clipping: Float? = nil
    ) {
        steps += 1
        let factor = clipping.map { min(1, $0 / max(Self.norm(of: gradients, in: model), .leastNormalMagnitude)) } ?? 1
        model.forEachParameter { path, parameter in
            guard parameter.isTrainable, var gradient = gradients[parameter.slot] else { return }
            if factor < 1 { gradient.scale(by: factor) }
            let isWeight = parameter.role == .weight
            var moment = first.removeValue(forKey: path) ?? .zeros(parameter.value.shape)
            switch rule {
            case .sgd(let momentum, let nesterov, let decay):
                parameter.value.stepSGD(
                    along: gradient, velocity: &moment, rate: rate, momentum: momentum, decay: isWeight ? decay : 0,
                    nesterov: nesterov)
            case .adamW(let beta1, let beta2, let epsilon, let decay):
                var square = second.removeValue(forKey: path) ?? .zeros(parameter.value.shape)
                parameter.value.stepAdamW(
                    along: gradient, first: &moment, second: &square, step: steps, rate: rate, betas: (beta1, beta2),
                    epsilon: epsilon, decay: isWeight ? decay : 0)
                second[path] = square
            }
            first[path] = moment
        }
    }

    /// The Euclidean norm of all gradients of a model together.
    public static func norm(of gradients: Gradients, in model: some Module) -> Float {
        let squares = model.parameters.reduce(0.0) { sum, entry in
            guard let gradient = gradients[entry.parameter.slot] else { return sum }
            return sum + Double((gradient * gradient).sum())
        }
        return Float(squares.squareRoot())
    }

    /// Its state as named tensors, for a checkpoint.
    var tensors: [String: Tensor] {
        var all: [String: Tensor] = [:]
        for (path, tensor) in first { all["first/\(path)"] = tensor }
        for (path, tensor) in second { all["second/\(path)"] = tensor }
        return all
    }

    /// Takes over a state that ``tensors`` gave.
    mutating func restore(_ tensors: [String: Tensor], steps: Int) {
        self.steps = steps
        (first, second) = ([:], [:])
        for (name, tensor) in tensors {
            if name.hasPrefix("first/") { first[String(name.dropFirst(6))] = tensor }
            if name.hasPrefix("second/") { second[String(name.dropFirst(7))] = tensor }
        }
    }
}

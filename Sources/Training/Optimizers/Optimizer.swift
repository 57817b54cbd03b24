import Autograd
import Layers
import TensorCore

/// Turns gradients into steps. A value: its state is tensors by name for each parameter, by path.
///
/// Weight decay is for weights alone, not for biases and the scale and shift of normalisations.
public struct Optimizer: Sendable {
    /// A rule, with its constants: one of Retort's or of one's own.
    public struct Rule: Sendable {
        /// The rule.
        public let base: any OptimizerRule

        /// Wraps a rule, for a ``TrainingPlan``.
        public init(_ rule: some OptimizerRule) { base = rule }

        /// ``SGD``.
        public static func sgd(momentum: Float = 0.9, nesterov: Bool = true, weightDecay: Float = 5e-4) -> Self {
            Self(SGD(momentum: momentum, nesterov: nesterov, weightDecay: weightDecay))
        }

        /// ``AdamW``.
        public static func adamW(
            beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8, weightDecay: Float = 0.01
        ) -> Self {
            Self(AdamW(beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay))
        }

        /// - Throws: `ConfigurationError` for a constant out of range.
        func check() throws {
            try base.check()
            guard base.weightDecay >= 0 else {
                throw ConfigurationError(["weightDecay"], "\(base.weightDecay) is not a number, 0 or more")
            }
        }
    }

    /// The rule.
    public let rule: Rule
    /// Steps taken.
    public private(set) var steps = 0
    private let groups: [ParameterGroup]
    /// What the rule remembers, by parameter path.
    private var states: [String: [String: Tensor]] = [:]

    /// Creates an optimiser that has taken no step.
    ///
    /// - Parameter groups: parts of the network with settings of their own.
    public init(_ rule: Rule, groups: [ParameterGroup] = []) {
        do { try rule.check() } catch { require(false, "Optimizer.\(type(of: rule.base).name): \(error)") }
        self.rule = rule
        self.groups = groups
    }

    /// Takes one step along the gradients of a pass over this model.
    ///
    /// - Parameters:
    ///   - model: what the gradients belong to.
    ///   - gradients: of the model's last pass; a parameter without one stays as it is.
    ///   - rate: the learning rate.
    ///   - clipping: gradients are scaled so that the norm of all of them together is at most this (Pascanu et al.,
    ///     arXiv 1211.5063); nil for no limit.
    public mutating func step(
        _ model: inout some Module, along gradients: Gradients, rate: Float, clipping: Float? = nil
    ) {
        steps += 1
        let factor = clipping.map { min(1, $0 / max(Self.norm(of: gradients, in: model), .leastNormalMagnitude)) } ?? 1
        let rule = rule.base
        model.forEachParameter { path, parameter in
            guard parameter.isTrainable, var gradient = gradients[parameter.slot] else { return }
            let group = groups.isEmpty ? nil : groups.group(of: path)
            guard group?.isFrozen != true else { return }
            if factor < 1 { gradient.scale(by: factor) }
            var state = states.removeValue(forKey: path) ?? [:]
            let decay = parameter.role == .weight ? group?.weightDecay ?? rule.weightDecay : 0
            rule.step(
                &parameter.value, along: gradient, state: &state,
                at: OptimizerStep(number: steps, rate: rate * (group?.rateFactor ?? 1), decay: decay))
            states[path] = state
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

    /// Its state as named tensors, for a checkpoint: `name/path`.
    var tensors: [String: Tensor] {
        var all: [String: Tensor] = [:]
        for (path, state) in states {
            for (name, tensor) in state { all["\(name)/\(path)"] = tensor }
        }
        return all
    }

    /// Takes over a state that ``tensors`` gave.
    ///
    /// - Parameters:
    ///   - tensors: by `name/path`.
    ///   - shapes: of the parameters, by path.
    ///   - steps: that the state is of.
    /// - Returns: the first name that belongs to no parameter or is not as the rule has it; nil if all was taken over.
    mutating func restore(_ tensors: [String: Tensor], shapes: [String: Shape], steps: Int) -> String? {
        var restored: [String: [String: Tensor]] = [:]
        for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
            let path = String(name.drop { $0 != "/" }.dropFirst())
            guard let shape = shapes[path], rule.base.accepts(state: tensor.shape, ofParameter: shape) else {
                return name
            }
            restored[path, default: [:]][String(name.prefix { $0 != "/" })] = tensor
        }
        self.steps = steps
        states = restored
        return nil
    }
}

extension Optimizer.Rule: Hashable {
    public static func == (left: Self, right: Self) -> Bool { AnyHashable(left.base) == AnyHashable(right.base) }
    public func hash(into hasher: inout Hasher) { hasher.combine(AnyHashable(base)) }
}

extension Optimizer.Rule: Codable {
    /// Those that a file can name.
    private static var registry: [any OptimizerRule.Type] { [SGD.self, AdamW.self] }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Reads `{"sgd": {"momentum": 0.9, …}}`.
    ///
    /// - Throws: `DecodingError` for a rule that is not Retort's; a program that has one puts it into the plan itself.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Name.self)
        guard let key = container.allKeys.first, container.allKeys.count == 1,
            let type = Self.registry.first(where: { $0.name == key.stringValue })
        else {
            let names = Self.registry.map { $0.name }.joined(separator: ", ")
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "no optimiser of \(names)"))
        }
        func decode<Rule: OptimizerRule>(_ type: Rule.Type) throws -> Self {
            Self(try container.decode(type, forKey: key))
        }
        self = try decode(type)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        try container.encode(base, forKey: Name(stringValue: type(of: base).name))
    }
}

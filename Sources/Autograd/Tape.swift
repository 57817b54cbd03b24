import Synchronization
import TensorCore

/// The record of one forward pass: what was computed from what, and how gradients flow back.
///
/// A tape carries what a forward pass needs to know and a network does not: whether it trains or is evaluated, where
/// random numbers come from, which feature maps the caller wants. There is no global mode. A tape serves one pass and
/// one thread; the operations use all threads inside.
public final class Tape {
    /// Whether layers behave as in training (batch statistics, dropout) or in use.
    public enum Mode: Sendable {
        /// Batch statistics, dropout, gradients.
        case training
        /// Running statistics, no dropout, no gradients.
        case evaluation
    }

    /// How the layers behave.
    public let mode: Mode
    /// Distinguishes this tape from every other of the process.
    let identity: UInt64
    /// The random stream of this pass, for dropout and the like.
    public var random: Philox
    /// Names of the feature maps that the caller wants, or paths of modules whose outputs it wants; see
    /// ``Variable/named(_:)``.
    public let requestedFeatures: Set<String>

    /// Names of all feature maps that passed so far, wanted or not, in the order in which they came.
    public internal(set) var featureNames: [String] = []

    /// Whether a wanted name begins the path of a parameter that was bound, and may so be that of a module.
    private var wantsModules = false

    var nodes: [Node] = []
    var namedMaps: [String: Unbound] = [:]
    var bindings: [Binding] = []
    var trace: Trace?

    struct Node {
        let inputs: [Int?]
        // Gone once it ran, and with it the activations that it held.
        var pullback: ((Tensor) -> [Tensor?])?
    }

    /// A tensor of a model that this tape knows: one that gradients are wanted for, or one that the pass may replace.
    struct Binding {
        let tensor: Unbound
        let path: String
        var replacement: Tensor?
    }

    /// A variable without its tape: a tape that held variables would hold itself, and never be freed.
    struct Unbound {
        let value: Tensor
        let node: Int?
        let traced: Int?
    }

    private static let identities = Atomic<UInt64>(1)

    /// Starts an empty tape.
    ///
    /// - Parameters:
    ///   - mode: how layers behave.
    ///   - random: the stream for dropout; the same stream gives the same pass.
    ///   - features: names of the feature maps to keep.
    ///   - tracing: also write down every operation, for ``Trace``.
    public init(
        mode: Mode, random: Philox = Philox(seed: 0), features: Set<String> = [], tracing: Bool = false
    ) {
        self.mode = mode
        self.random = random
        requestedFeatures = features
        trace = tracing ? Trace() : nil
        identity = Tape.identities.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    /// Whether every operation is written down, for ``Trace``.
    public var isTracing: Bool { trace != nil }

    /// The feature maps that were wanted and passed.
    public var features: [String: Variable] { namedMaps.mapValues(variable) }

    /// A value that no gradient is wanted for: images, labels, a teacher's output.
    public func constant(_ value: Tensor) -> Variable {
        Variable(value: value, tape: self, node: nil, traced: trace?.append(.constant(value)))
    }

    /// The network's input, which a trace begins with.
    public func input(_ value: Tensor) -> Variable {
        Variable(value: value, tape: self, node: nil, traced: trace?.append(.input(value.shape)))
    }

    /// Makes a tensor of a model known to this tape.
    ///
    /// - Parameters:
    ///   - path: the parameter's path in the model, for traces and messages.
    ///   - needsGradient: whether a gradient is wanted; statistics need none.
    /// - Returns: where the tape keeps it, for ``variable(at:)``.
    public func bind(_ value: Tensor, path: String, needsGradient: Bool) -> Slot {
        var node: Int?
        if needsGradient && mode == .training {
            nodes.append(Node(inputs: [], pullback: nil))
            node = nodes.count - 1
        }
        let traced = trace?.append(.parameter(path, value))
        bindings.append(Binding(tensor: Unbound(value: value, node: node, traced: traced), path: path))
        if !requestedFeatures.isEmpty, requestedFeatures.contains(where: { path.hasPrefix($0 + ".") }) {
            wantsModules = true
        }
        return Slot(tape: identity, index: bindings.count - 1)
    }

    /// The path of the module that a bound parameter belongs to; nil where no module can be wanted, and for slots of
    /// other tapes.
    func modulePath(of slot: Slot?, below depth: Int) -> String? {
        guard wantsModules, let slot, slot.tape == identity else { return nil }
        return bindings[slot.index].path.split(separator: ".").dropLast(depth).joined(separator: ".")
    }

    /// Whether the output of a part of a module is wanted, so that the module must compute its parts one by one.
    ///
    /// - Parameters:
    ///   - slot: of one of the module's parameters.
    ///   - depth: how many components the parameter's path has beyond the module's.
    public func wantsParts(ofModuleWith slot: Slot?, below depth: Int) -> Bool {
        guard let path = modulePath(of: slot, below: depth) else { return false }
        // Layers of the network itself are parts of no module with a path.
        return requestedFeatures.contains { path.isEmpty || $0.hasPrefix(path + ".") }
    }

    /// What was bound at a slot, or nil if the slot belongs to another tape (a model that this pass does not train).
    public func variable(at slot: Slot?) -> Variable? {
        guard let slot, slot.tape == identity else { return nil }
        return variable(bindings[slot.index].tensor)
    }

    private func variable(_ kept: Unbound) -> Variable {
        Variable(value: kept.value, tape: self, node: kept.node, traced: kept.traced)
    }

    /// Replaces a bound tensor once the pass is over: how batch-norm hands its running statistics back.
    public func replace(_ slot: Slot?, with value: Tensor) {
        guard let slot, slot.tape == identity else { return }
        bindings[slot.index].replacement = value
    }

    /// What ``replace(_:with:)`` asked for at a slot.
    public func replacement(at slot: Slot?) -> Tensor? {
        guard let slot, slot.tape == identity else { return nil }
        return bindings[slot.index].replacement
    }

    /// Writes a step down.
    ///
    /// - Parameters:
    ///   - operation: what the step is, for traces.
    ///   - value: its result.
    ///   - inputs: what it was computed from.
    ///   - pullback: from the gradient with respect to the result (of the result's shape) to those with respect to
    ///     each input (of the input's shape), in order; nil for one that gets none. Kept only if an input needs one;
    ///     it captures tensors and no variables, which would keep their tape alive.
    public func record(
        _ operation: AnyOperation, _ value: Tensor, from inputs: [Variable],
        pullback: @escaping (_ upstream: Tensor) -> [Tensor?]
    ) -> Variable {
        for input in inputs {
            require(input.tape === self, "\(operation): an input was recorded on another tape")
        }
        let traced = trace?.append(.operation(operation, inputs: inputs.compactMap(\.traced), value.shape))
        guard mode == .training, inputs.contains(where: { $0.node != nil }) else {
            return Variable(value: value, tape: self, node: nil, traced: traced)
        }
        nodes.append(Node(inputs: inputs.map(\.node), pullback: pullback))
        return Variable(value: value, tape: self, node: nodes.count - 1, traced: traced)
    }

    /// Writes down a step with one input.
    public func record(
        _ operation: AnyOperation, _ value: Tensor, from input: Variable,
        pullback: @escaping (_ upstream: Tensor) -> Tensor
    ) -> Variable {
        record(operation, value, from: [input]) { [pullback($0)] }
    }

    /// Runs the tape backwards from a scalar, once.
    ///
    /// - Parameter loss: a variable with one element.
    /// - Returns: the gradient with respect to every bound tensor that wanted one; zeros where nothing arrived.
    public func gradients(of loss: Variable) -> Gradients {
        require(loss.tape === self, "gradients: the loss was recorded on another tape")
        require(loss.value.count == 1, "gradients: the loss has shape \(loss.value.shape), one element expected")
        var arrived = [Tensor?](repeating: nil, count: nodes.count)
        if let last = loss.node { arrived[last] = Tensor.ones(loss.value.shape) }
        for index in nodes.indices.reversed() {
            guard let upstream = arrived[index], let pullback = nodes[index].pullback else { continue }
            arrived[index] = nil
            nodes[index].pullback = nil
            for (input, gradient) in zip(nodes[index].inputs, pullback(upstream)) {
                guard let input, let gradient else { continue }
                if arrived[input] == nil { arrived[input] = gradient } else { arrived[input]?.add(gradient) }
            }
        }
        return Gradients(
            tape: identity,
            values: bindings.map { binding in
                binding.tensor.node.map { arrived[$0] ?? .zeros(binding.tensor.value.shape) }
            })
    }
}

/// Where a tape keeps a tensor of a model.
public struct Slot: Hashable, Sendable {
    let tape: UInt64
    let index: Int
}

/// Gradients of one backward pass, by slot.
public struct Gradients: Sendable {
    let tape: UInt64
    let values: [Tensor?]

    /// The gradient with respect to what was bound at a slot; nil for statistics and for slots of other tapes.
    public subscript(slot: Slot?) -> Tensor? {
        guard let slot, slot.tape == tape else { return nil }
        return values[slot.index]
    }
}

import Autograd
import TensorCore

/// A tensor of a model: a weight that is learnt, or a statistic that is kept.
public struct Parameter: Sendable {
    /// What a tensor is for.
    public typealias Role = TensorRole

    /// Its elements.
    public var value: Tensor
    /// What it is for.
    public let role: Role
    /// Where the tape of the present pass keeps it.
    public internal(set) var slot: Slot?

    /// Creates a parameter.
    public init(_ value: Tensor, role: Role = .weight) {
        self.value = value
        self.role = role
    }

    /// Whether an optimiser changes it.
    public var isTrainable: Bool { role != .statistic }

    /// The parameter as a variable of the input's tape: one that gets a gradient if the pass trains this model, and a
    /// constant otherwise.
    public func callAsFunction(on tape: Tape) -> Variable { tape.variable(at: slot) ?? tape.constant(value) }
}

/// A layer or a network: a value that holds parameters and maps a variable to a variable.
///
/// A network may name feature maps on the way (`Variable.named(_:)`); whoever calls it says which to keep.
public protocol Module: Sendable {
    /// The forward pass. The input's tape says whether it trains.
    func callAsFunction(_ input: Variable) -> Variable

    /// Hands every parameter, under its name, to the visitor: one line each, `visitor("weight", &weight)`.
    ///
    /// Names of nested modules join into paths, `stage2.0.conv1.weight`, the keys of a safetensors file.
    mutating func visitParameters(_ visitor: ParameterVisitor)
}

/// Walks the parameters of a module with their paths.
public struct ParameterVisitor {
    let prefix: String
    let body: (_ path: String, inout Parameter) -> Void

    /// Visits a parameter.
    public func callAsFunction(_ name: String, _ parameter: inout Parameter) { body(prefix + name, &parameter) }

    /// Visits a parameter that may be absent.
    public func callAsFunction(_ name: String, _ parameter: inout Parameter?) {
        guard var present = parameter else { return }
        parameter = nil  // so that the visitor may write `present` without a copy
        body(prefix + name, &present)
        parameter = present
    }

    /// Visits the parameters of a nested module.
    public func callAsFunction(_ name: String, _ module: inout some Module) {
        module.visitParameters(ParameterVisitor(prefix: prefix + name + ".", body: body))
    }

    /// Visits the parameters of a nested module that may be absent.
    public func callAsFunction<M: Module>(_ name: String, _ module: inout M?) {
        guard var present = module else { return }
        module = nil
        present.visitParameters(ParameterVisitor(prefix: prefix + name + ".", body: body))
        module = present
    }

    /// Visits the parameters of nested modules, each under its index.
    public func callAsFunction(_ name: String, _ modules: inout [some Module]) {
        for index in modules.indices {
            modules[index].visitParameters(ParameterVisitor(prefix: "\(prefix)\(name).\(index).", body: body))
        }
    }
}

extension Module {
    /// Calls the closure with every parameter and its path, in a fixed order, for reading and writing.
    public mutating func forEachParameter(_ body: (_ path: String, inout Parameter) -> Void) {
        withoutActuallyEscaping(body) { visitParameters(ParameterVisitor(prefix: "", body: $0)) }
    }

    /// Every parameter by its path, in a fixed order.
    public var parameters: [(path: String, parameter: Parameter)] {
        var copy = self
        var found: [(path: String, parameter: Parameter)] = []
        copy.forEachParameter { found.append(($0, $1)) }
        return found
    }

    /// The number of trainable scalars.
    public var parameterCount: Int {
        parameters.reduce(0) { $0 + ($1.parameter.isTrainable ? $1.parameter.value.count : 0) }
    }

    /// The network's output for a batch, in evaluation mode and without a tape.
    public func predict(_ input: Tensor) -> Tensor {
        let tape = Tape(mode: .evaluation)
        return self(tape.input(input)).value
    }
}

extension Tape {
    /// Makes every parameter of a model known to this tape, so that a pass over it trains (or traces) the model.
    ///
    /// Stops the program if `visitParameters` leaves out a parameter that the model stores: it would neither be trained
    /// nor saved. Modules without parameters need not be visited.
    ///
    /// - Parameters:
    ///   - model: the network; its parameters remember where this tape keeps them.
    ///   - isFrozen: whether a parameter, by its path, gets no gradient; none when omitted.
    public func bind(_ model: inout some Module, freezing isFrozen: (_ path: String) -> Bool = { _ in false }) {
        model.forEachParameter { path, parameter in
            parameter.slot = bind(
                parameter.value, path: path, needsGradient: parameter.isTrainable && !isFrozen(path))
        }
        VisitCheck.check(model, on: self)
    }

    /// Writes back the statistics that the pass replaced (batch-norm's running mean and variance).
    ///
    /// - Parameter isFrozen: whether a parameter, by its path, keeps its value all the same; none when omitted.
    public func commitReplacements(
        to model: inout some Module, freezing isFrozen: (_ path: String) -> Bool = { _ in false }
    ) {
        model.forEachParameter { path, parameter in
            if let value = replacement(at: parameter.slot), !isFrozen(path) { parameter.value = value }
        }
    }
}

/// Runs a loss in training mode and backwards, and writes the statistics that the pass updated back to the model.
///
/// - Parameters:
///   - model: the network to train; its ``Parameter/slot``s index the gradients.
///   - random: the stream for dropout.
///   - features: names of the feature maps that the loss reads from the tape.
///   - isFrozen: whether a parameter, by its path, gets no gradient and keeps its statistics; none when omitted.
///   - loss: from the bound model and the tape to a variable with one element.
/// - Returns: the loss, and its gradient with respect to each parameter.
public func valueAndGradients<M: Module>(
    of model: inout M, random: Philox = Philox(seed: 0), features: Set<String> = [],
    freezing isFrozen: (_ path: String) -> Bool = { _ in false }, loss: (M, Tape) throws -> Variable
) rethrows -> (value: Float, gradients: Gradients) {
    let tape = Tape(mode: .training, random: random, features: features)
    tape.bind(&model, freezing: isFrozen)
    let value = try loss(model, tape)
    let gradients = tape.gradients(of: value)
    tape.commitReplacements(to: &model, freezing: isFrozen)
    return (value.value.scalar, gradients)
}

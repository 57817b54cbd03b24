import Autograd
import Layers
import TensorCore

extension NetworkGraph {
    /// Traces a network in evaluation mode; one that was made of a graph gives it.
    ///
    /// Two passes are traced, on different images and batch sizes: what the tape does not see (a tensor computed from
    /// the input behind its back, a branch that depends on the data, a batch size that is baked in) differs between
    /// them and is refused.
    ///
    /// - Parameters:
    ///   - module: the network; only its parameters' paths and tensors are kept.
    ///   - inputShape: extents of one image, [H, W, C].
    /// - Throws: ``GraphError``.
    public init(tracing module: some Module, inputShape: Shape) throws {
        if let traced = module as? TracedNetwork, traced.inputShape == inputShape {
            self = traced.graph()
            return
        }
        var random = Philox(seed: 0)
        let (trace, output) = try Self.trace(module, inputShape, batch: 1, &random)
        let (other, otherOutput) = try Self.trace(module, inputShape, batch: 2, &random)
        guard trace.entries.count == other.entries.count, output == otherOutput else {
            throw GraphError(operation: "network", reason: "takes other steps for another input, which no graph can")
        }
        // The input is node 0, wherever it stands in the trace.
        var operands: [Operand] = []
        nodes = [Node(operation: nil, operands: [], extents: BatchShape(image: inputShape))]
        for (place, (entry, twin)) in zip(trace.entries, other.entries).enumerated() {
            switch (entry, twin) {
            case (.input, .input): operands.append(.node(0))
            case (.parameter(let path, let value), .parameter): operands.append(.tensor(value, path: path))
            case (.constant(let value), .constant(let twin)):
                guard value.isBitIdentical(to: twin) else {
                    throw GraphError(
                        operation: "constant of shape \(value.shape)",
                        reason: "is not constant: computed from the input outside the tape, or made for its batch size")
                }
                operands.append(.tensor(value, path: nil))
            case (.operation(let operation, let inputs, let shape), .operation(let twin, let twinInputs, let twinShape)):
                guard operation == twin, inputs == twinInputs, let extents = BatchShape(one: shape, two: twinShape)
                else { fallthrough }
                var node = Node(operation: operation, operands: inputs.map { operands[$0] }, extents: extents)
                node.features = trace.names[place] ?? []
                nodes.append(node)
                operands.append(.node(nodes.count - 1))
            default:
                throw GraphError(
                    operation: "network", reason: "takes other steps for another input, which no graph can")
            }
        }
        guard case .node(let index) = operands[output], index > 0 else {
            throw GraphError(operation: "network", reason: "its output does not come from an operation on its input")
        }
        self.output = index
        self = droppingUnused()
        for index in nodes.indices { nodes[index].origin = index }
        try requireTracedExtents()
    }

    /// Makes sure that operations say of their results what tracing saw; those that only training takes say nothing.
    private func requireTracedExtents() throws {
        for (index, node) in nodes.enumerated() where node.operation?.is(TrainingOperation.self) == false {
            let said = try inferredExtents(of: index)
            guard said == node.extents else {
                throw GraphError(
                    operation: node.description, reason: "its shape(of:) is \(said), its result has \(node.extents)")
            }
        }
    }

    private static func trace(
        _ module: some Module, _ inputShape: Shape, batch: Int, _ random: inout Philox
    ) throws -> (Trace, output: Int) {
        var model = module
        let tape = Tape(mode: .evaluation, tracing: true)
        tape.bind(&model)
        let input = Tensor(uniform: Shape([batch] + inputShape), in: -1...1, using: &random)
        guard let traced = tape.traced(model(tape.input(input))) else {
            throw GraphError(operation: "network", reason: "its output is not on the tape of its input")
        }
        return (traced.trace, traced.output)
    }
}

import Autograd
import Layers
import TensorCore

/// A graph as a module, so that a network is trained, distilled, pruned and quantised without its Swift type.
///
///     let graph = try NetworkGraph(tracing: student, inputShape: [28, 28, 1]).factorized(to: .multiplyAdds(0.6))
///     var small = try TracedNetwork(graph)
///     _ = try Distiller(teacher: student).fit(&small, on: data, plan: plan)
///
/// Its parameters are the graph's, by their paths, feature maps keep their names, and its filters can be cut as those
/// of any module. Outputs and gradients are those of the traced module, at its speed. What a trace does not hold is
/// lost: dropout, and a normalisation's own momentum (0.1 here).
public struct TracedNetwork: Module {
    /// The graph with the tensors that it was made of; ``graph()`` has those of now.
    private let original: NetworkGraph
    /// The same with sums and ReLUs as parts of the normalisations before them, which then take one pass over a map.
    private let training: NetworkGraph
    private let walker: GraphWalker
    private var parameters: GraphParameters

    /// Makes a module of a graph.
    ///
    /// - Throws: `GraphError` for an operation that only training takes.
    public init(_ graph: NetworkGraph) throws {
        try graph.requireInference()
        var parameters = GraphParameters()
        for node in graph.nodes {
            for (place, operand) in node.operands.enumerated() {
                guard case .tensor(let tensor, let path?) = operand else { continue }
                parameters.add(path, Parameter(tensor, role: node.role(ofOperand: place)))
            }
        }
        original = graph
        training = graph.fusingActivations(
            into: { $0.operation?.is(BatchNormOperation.self) == true }, keepingFeatures: true)
        walker = GraphWalker(training)
        self.parameters = parameters
    }

    /// Extents of one image, [H, W, C].
    public var inputShape: Shape { original.inputShape }

    /// Extents of the output for one image: [classes] for a classifier.
    public var outputShape: Shape { original.nodes[original.output].shape }

    /// The graph, with the tensors that the parameters are now.
    public func graph() -> NetworkGraph {
        var graph = original
        for index in graph.nodes.indices {
            for (place, operand) in graph.nodes[index].operands.enumerated() {
                guard case .tensor(_, let path?) = operand else { continue }
                graph.nodes[index].operands[place] = .tensor(parameters[path].value, path: path)
            }
        }
        // Cut filters leave other extents than were traced.
        do { return try graph.inferringExtents() } catch { fatalError("TracedNetwork: \(error)") }
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let tape = input.tape
        guard tape.mode == .training || tape.isTracing else { return evaluated(input) }
        return walker.run { (index, value: (Int) -> Variable) in
            let node = training.nodes[index]
            guard let operation = node.operation else { return input }
            let operands = node.operands.map { operand in
                switch operand {
                case .node(let source): value(source)
                case .tensor(let tensor, let path): path.map { parameters[$0](on: tape) } ?? tape.constant(tensor)
                }
            }
            let residual = node.residual.map(value)
            let result: Variable
            if let normalization = node.batchNorm({ parameters[$0] }) {
                result = normalization(operands[0], residual: residual, relu: node.relu)
            } else {
                let output = operation.base.fitting(operands.map(\.shape)).record(operands)
                let sum = residual.map { output + $0 } ?? output
                result = node.relu ? sum.relu() : sum
            }
            return node.features.reduce(result) { $0.named($1) }
        }
    }

    /// The output in evaluation, with normalisations folded and activations fused.
    private func evaluated(_ input: Variable) -> Variable {
        let folded = graph().foldingBatchNorm(keepingFeatures: true)
            .fusingActivations(into: \.isLinearLayer, keepingFeatures: true)
        do {
            let output = try InferencePlan(folded).run(input.value) { node, value in
                for name in folded.nodes[node].features { _ = input.tape.constant(value).named(name) }
            }
            return input.tape.constant(output)
        } catch { fatalError("TracedNetwork: \(error)") }  // what training takes was refused when it was made
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) { parameters.visit(visitor) }
}

/// The parameters of a graph's nodes, by path.
package struct GraphParameters: Sendable {
    package private(set) var paths: [String] = []
    private var places: [String: Int] = [:]
    private var values: [Parameter] = []

    package init() {}

    /// Adds one, unless its path is known.
    package mutating func add(_ path: String, _ parameter: Parameter) {
        guard places[path] == nil else { return }
        places[path] = paths.count
        paths.append(path)
        values.append(parameter)
    }

    /// The parameter of a path that was added.
    package subscript(path: String) -> Parameter {
        guard let place = places[path] else { fatalError("GraphParameters: no parameter \(path)") }
        return values[place]
    }

    package mutating func visit(_ visitor: ParameterVisitor) {
        for (place, path) in paths.enumerated() { visitor(path, &values[place]) }
    }
}

extension NetworkGraph.Node {
    /// What a tensor among its operands is for.
    package func role(ofOperand place: Int) -> Parameter.Role {
        guard case .tensor(let tensor, _) = operands[place] else { return .weight }
        return operation?.base.role(ofOperand: place, shape: tensor.shape) ?? .weight
    }

    /// A normalisation as the layer that learns its statistics, where they are parameters.
    package func batchNorm(_ parameter: (_ path: String) -> Parameter) -> BatchNorm? {
        guard let epsilon = operation?.as(BatchNormOperation.self)?.epsilon else { return nil }
        let own = operands.compactMap { operand -> Parameter? in
            guard case .tensor(_, let path?) = operand else { return nil }
            return parameter(path)
        }
        guard own.count == 4 else { return nil }
        var layer = BatchNorm(own[0].value.count, epsilon: epsilon)
        (layer.scale, layer.shift, layer.runningMean, layer.runningVariance) = (own[0], own[1], own[2], own[3])
        return layer
    }
}

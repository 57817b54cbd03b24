import Autograd
import Foundation
import TensorCore

extension NetworkGraph {
    /// Multiplies batch normalisations into the convolution or dense layer before them, which gets a bias.
    ///
    /// With factor = scale / √(variance + ε), per output channel: weights · factor, (bias − mean) · factor + shift,
    /// computed in double precision. A normalisation that follows anything else, or a layer that others read too,
    /// stays. What is computed from parameters alone is computed now.
    public func foldingBatchNorm() -> NetworkGraph {
        foldingParameters().foldingNumbers().foldingBatchNorm(keepingFeatures: false)
    }

    /// Replaces nodes that read no image by their results.
    private func foldingParameters() -> NetworkGraph {
        var graph = self
        for index in nodes.indices {
            let node = graph.nodes[index]
            guard let operation = node.operation, index != output, node.sources.isEmpty,
                !operation.is(TrainingOperation.self)
            else { continue }
            let result = operation.base.forward(node.tensors)
            let value = NetworkGraph.Operand.tensor(node.relu ? relu(result) : result, path: nil)
            for reader in graph.nodes.indices where graph.nodes[reader].residual != index {
                graph.nodes[reader].operands = graph.nodes[reader].operands.map { operand in
                    if case .node(index) = operand { value } else { operand }
                }
            }
        }
        return graph.droppingUnused()
    }

    /// The same, and feature maps with a name keep a node of their own where that is asked.
    func foldingBatchNorm(keepingFeatures: Bool) -> NetworkGraph {
        var graph = self
        for index in nodes.indices {
            guard let epsilon = graph.nodes[index].operation?.as(BatchNormOperation.self)?.epsilon,
                case .node(let source)? = graph.nodes[index].operands.first,
                graph.nodes[source].isLinearLayer, graph.isReadOnce(source),
                !keepingFeatures || graph.nodes[source].features.isEmpty,
                graph.nodes[source].residual == nil, !graph.nodes[source].relu,
                case .tensor(let weights, let path)? = graph.nodes[source].operands.dropFirst().first,
                let coefficients = BatchNormCoefficients(graph.nodes[index], epsilon: epsilon)
            else { continue }
            let layer = graph.nodes[source]
            let folded = coefficients.folded(
                weights: weights, bias: layer.tensors.count > 1 ? layer.tensors[1] : nil)
            graph.nodes[source].operands = [
                layer.operands[0],
                .tensor(folded.weights, path: path),
                .tensor(folded.bias, path: path.map { $0 + ".folded" }),
            ]
            graph.merge(index, into: source)
        }
        return graph.droppingUnused()
    }

    /// Lets convolutions, dense layers and sums cut negative values themselves, and the first two add a residual.
    ///
    /// A value that something else reads before the fused step stays as it is.
    public func fusingActivations() -> NetworkGraph { fusingActivations(into: \.isLinearLayer) }

    /// The same, and some nodes stay as they are, with their results.
    package func fusingActivations(keeping nodes: Set<Int>) -> NetworkGraph {
        fusingActivations(into: \.isLinearLayer, keeping: nodes)
    }

    /// The same for the nodes that a condition names.
    ///
    /// - Parameters:
    ///   - takes: whether a node can add a residual and cut negative values.
    ///   - keepingFeatures: whether feature maps with a name keep a node of their own.
    ///   - kept: nodes that take nothing.
    func fusingActivations(
        into takes: (Node) -> Bool, keepingFeatures: Bool = false, keeping kept: Set<Int> = []
    ) -> NetworkGraph {
        var graph = self
        func isFree(_ node: Int) -> Bool {
            graph.isReadOnce(node) && !kept.contains(node)
                && (!keepingFeatures || graph.nodes[node].features.isEmpty)
        }
        for index in nodes.indices {
            guard let operation = graph.nodes[index].operation else { continue }
            if operation.is(ReLUOperation.self) {
                guard case .node(let source)? = graph.nodes[index].operands.first, isFree(source),
                    takes(graph.nodes[source]) || graph.nodes[source].operation?.is(AddOperation.self) == true
                else { continue }
                graph.nodes[source].relu = true
                graph.merge(index, into: source)
            } else if operation.is(AddOperation.self) {
                // The later of the two can add the earlier, which is there when it runs.
                guard case .node(let a)? = graph.nodes[index].operands.first,
                    case .node(let b)? = graph.nodes[index].operands.last, a != b
                else { continue }
                let (earlier, later) = (min(a, b), max(a, b))
                guard takes(graph.nodes[later]), isFree(later), !graph.nodes[later].relu,
                    graph.nodes[later].residual == nil, graph.nodes[earlier].extents == graph.nodes[later].extents
                else { continue }
                graph.nodes[later].residual = earlier
                graph.nodes[later].relu = graph.nodes[index].relu
                graph.merge(index, into: later)
            }
        }
        return graph.droppingUnused()
    }

    /// Makes a stored vector that is added to the result of a convolution or dense layer without a bias its bias, also
    /// where the result is reshaped between them: as exporters write a layer on rows.
    ///
    /// The vector has an element for each output channel and keeps its path.
    package func joiningBiases() -> NetworkGraph {
        var graph = self
        for index in nodes.indices {
            let node = graph.nodes[index]
            guard node.operation?.is(AddOperation.self) == true, node.residual == nil, !node.relu,
                let source = node.sources.first, let vector = node.tensors.first,
                let layer = graph.layer(beforeReshapesAt: source), graph.nodes[layer].operands.count == 2,
                case .node = graph.nodes[layer].operands[0],
                case .tensor(let weights, _) = graph.nodes[layer].operands[1],
                let channels = weights.shape.last, vector.count == channels, vector.shape.last == channels,
                graph.nodes[source].extents == node.extents, graph.nodes[source].shape.last == channels
            else { continue }
            let bias = node.operands.compactMap { operand -> NetworkGraph.Operand? in
                guard case .tensor(let tensor, let path) = operand else { return nil }
                return .tensor(tensor.reshaped(to: [channels]), path: path)
            }
            graph.nodes[layer].operands += bias
            graph.merge(index, into: source)
        }
        return graph.droppingUnused()
    }

    /// The layer whose result a node is, under this shape or another; nil where anything else reads or changes it.
    private func layer(beforeReshapesAt node: Int) -> Int? {
        var place = node
        while isReadOnce(place), nodes[place].residual == nil, !nodes[place].relu, nodes[place].features.isEmpty {
            if nodes[place].isLinearLayer { return place }
            guard nodes[place].operation?.is(ReshapeOperation.self) == true, let source = nodes[place].sources.first,
                nodes[source].shape.last == nodes[node].shape.last
            else { return nil }
            place = source
        }
        return nil
    }

    /// The same steps up to one, whose result is the network's.
    package func endingAt(_ node: Int) -> NetworkGraph {
        var graph = self
        graph.output = node
        return graph.droppingUnused()
    }

    /// Leaves out what the output does not depend on.
    public func droppingUnused() -> NetworkGraph {
        var used = Set([0, output])
        for index in nodes.indices.reversed() where used.contains(index) { used.formUnion(nodes[index].sources) }
        let kept = nodes.indices.filter(used.contains)
        let places = Dictionary(uniqueKeysWithValues: zip(kept, kept.indices))
        var graph = self
        graph.nodes = kept.map { nodes[$0] }
        for index in graph.nodes.indices { graph.nodes[index].redirect { places[$0] ?? $0 } }
        graph.output = places[output] ?? output
        return graph
    }

    /// Whether exactly one operand in the graph is this node, and it is not the result.
    private func isReadOnce(_ index: Int) -> Bool {
        index != output && nodes.reduce(0) { $0 + $1.sources.count { $0 == index } } == 1
    }

    /// Makes all readers of a node read another; what is left of it reads nothing and is dropped by the pass.
    private mutating func merge(_ index: Int, into other: Int) {
        nodes[index].operands = []
        nodes[index].residual = nil
        nodes[other].origin = nodes[index].origin
        nodes[other].features += nodes[index].features
        for reader in nodes.indices { nodes[reader].redirect { $0 == index ? other : $0 } }
        if output == index { output = other }
    }
}

extension NetworkGraph.Node {
    /// Whether it is a convolution or a dense layer.
    public var isLinearLayer: Bool { operation?.isLinearLayer == true }

    mutating func redirect(_ place: (Int) -> Int) {
        operands = operands.map { if case .node(let index) = $0 { .node(place(index)) } else { $0 } }
        residual = residual.map(place)
    }
}

extension BatchNormCoefficients {
    /// Those of a node, or nil if its statistics are not tensors.
    public init?(_ node: NetworkGraph.Node, epsilon: Float) {
        let tensors = node.tensors
        guard tensors.count == 4 else { return nil }
        self.init(scale: tensors[0], shift: tensors[1], mean: tensors[2], variance: tensors[3], epsilon: epsilon)
    }
}

extension AnyOperation {
    /// Whether it is a convolution or a dense layer.
    public var isLinearLayer: Bool { self.is(Convolution2DOperation.self) || self.is(DenseOperation.self) }
}

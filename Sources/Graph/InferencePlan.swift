import Autograd
import Layers
import TensorCore

/// Runs a graph in float32, for batches of any size.
///
/// Convolutions are prepared once: algorithm chosen, weights packed, residual and ReLU part of their pass. Images go
/// through the whole network a few at a time, so that activations stay in the cache; a value is freed after its last
/// reader. A value that many tasks may call at once.
public struct InferencePlan: Sendable {
    private let graph: NetworkGraph
    private let walker: GraphWalker
    private let nodes: [PreparedNode]

    /// Prepares a graph.
    ///
    /// - Throws: ``GraphError`` for an operation that only training takes, and for a result that is not [N, ...].
    public init(_ graph: NetworkGraph) throws {
        try graph.requireInference()
        let output = graph.nodes[graph.output]
        guard output.extents.isBatchFirst else {
            throw GraphError(
                operation: output.description, reason: "gives the network's result as \(output.extents), not [N, ...]")
        }
        self.graph = graph
        nodes = graph.nodes.indices.map { PreparedNode($0, of: graph) }
        walker = GraphWalker(graph)
    }

    /// Traces a module, folds its normalisations, fuses its activations, and prepares the result.
    ///
    /// - Parameters:
    ///   - module: the network, which stays as it is.
    ///   - inputShape: extents of one image, [H, W, C].
    /// - Throws: ``GraphError``.
    public init(_ module: some Module, inputShape: Shape) throws {
        try self.init(NetworkGraph(tracing: module, inputShape: inputShape).foldingBatchNorm().fusingActivations())
    }

    /// The most bytes that results of its nodes take together while one image goes through, the input among them.
    public var peakActivationBytes: Int {
        MemoryLayout<Float>.size * walker.peak(of: graph.nodes.map(\.shape.elementCount))
    }

    /// The network's output for a batch.
    ///
    /// - Parameter input: [N, ...] with the images' extents that were traced.
    public func callAsFunction(_ input: Tensor) -> Tensor {
        graph.requireInput(input, for: "InferencePlan")
        return mapImages(input) { images in run(images) { _, _ in } }
    }

    /// Runs a batch as one, and shows every node's result: for calibration.
    public func run(_ input: Tensor, observe: (_ node: Int, _ value: Tensor) -> Void) -> Tensor {
        graph.requireInput(input, for: "InferencePlan")
        return walker.run { (index, value: (Int) -> Tensor) in
            let result = nodes[index](input, value)
            observe(index, result)
            return result
        }
    }
}

/// A node made ready to run in float32: a convolution's algorithm is chosen, its weights are packed.
package struct PreparedNode: Sendable {
    private let node: NetworkGraph.Node
    private let convolution: PreparedConvolution2D?

    /// Prepares a node of a graph.
    package init(_ index: Int, of graph: NetworkGraph) {
        node = graph.nodes[index]
        guard let operation = node.operation?.as(Convolution2DOperation.self),
            case .node(let source) = node.operands[0],
            case .tensor(let weights, _) = node.operands[1], graph.nodes[source].shape.rank == 3,
            let geometry = try? operation.geometry(
                input: Shape([1] + graph.nodes[source].shape), weights: weights.shape)
        else {
            convolution = nil
            return
        }
        convolution = PreparedConvolution2D(weights, bias: node.tensors.count > 1 ? node.tensors[1] : nil, geometry)
    }

    /// The node's result.
    ///
    /// - Parameters:
    ///   - input: the network's input, [N, ...].
    ///   - value: the result of a node that it reads.
    package func callAsFunction(_ input: Tensor, _ value: (Int) -> Tensor) -> Tensor {
        guard let operation = node.operation else { return input }
        if let convolution, case .node(let source)? = node.operands.first {
            return convolution(value(source), residual: node.residual.map(value), relu: node.relu)
        }
        var result = operation.base.forward(node.operands.map { $0.tensor(value) })
        if let residual = node.residual { result = result + value(residual) }
        return node.relu ? relu(result) : result
    }
}

extension NetworkGraph.Operand {
    /// The tensor that an operation reads.
    fileprivate func tensor(_ value: (Int) -> Tensor) -> Tensor {
        switch self {
        case .node(let source): value(source)
        case .tensor(let tensor, _): tensor
        }
    }
}

extension GraphWalker {
    /// That of a graph's nodes.
    public init(_ graph: NetworkGraph) { self.init(sources: graph.nodes.map(\.sources), output: graph.output) }
}

extension NetworkGraph {
    /// Refuses operations that only training takes.
    package func requireInference() throws {
        for node in nodes {
            if let training = node.operation?.as(TrainingOperation.self) {
                throw GraphError(operation: training.label, reason: "is no operation of inference")
            }
        }
    }

    /// Stops the program unless the batch has the images' extents that were traced.
    func requireInput(_ input: Tensor, for operation: String) {
        require(
            input.shape.rank > 0 && Shape(Array(input.shape.dropFirst())) == inputShape,
            "\(operation): input has shape \(input.shape), images of \(inputShape) expected")
    }
}

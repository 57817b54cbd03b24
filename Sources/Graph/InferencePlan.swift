import Autograd
import TensorCore

/// Runs a graph in single precision, for batches of any size.
///
/// Convolutions are prepared once: algorithm chosen, weights packed, residual and ReLU part of their pass. Images go through
/// the whole network a few at a time, so that activations stay in the cache; a value is freed after its last reader. A value
/// that many tasks may call at once.
public struct InferencePlan: Sendable {
    private let graph: NetworkGraph
    private let lastReads: [[Int]]
    private let convolutions: [PreparedConvolution2D?]

    /// Prepares a graph.
    ///
    /// - Throws: ``GraphError`` for an operation that only learning takes.
    public init(_ graph: NetworkGraph) throws {
        for node in graph.nodes {
            if case .learning(let name)? = node.operation {
                throw GraphError(operation: name, reason: "is no operation of inference")
            }
        }
        self.graph = graph
        convolutions = graph.nodes.map { node in
            guard case .convolution2D(let geometry)? = node.operation, let weights = node.tensors.first else {
                return nil
            }
            return PreparedConvolution2D(weights, bias: node.tensors.count > 1 ? node.tensors[1] : nil, geometry)
        }
        lastReads = Graph.lastReads(graph.nodes.map(\.sources), output: graph.output)
    }

    /// The most bytes that results of its steps take together while one image goes through, the input among them.
    public var peakActivationBytes: Int {
        MemoryLayout<Float>.size * peakOfLive(graph.nodes.map(\.shape.elementCount), lastReads)
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
        var values = [Tensor?](repeating: nil, count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() {
            func value(of node: Int) -> Tensor { values[node] ?? input }
            let result: Tensor
            if let convolution = convolutions[index], case .node(let source)? = node.operands.first {
                result = convolution(value(of: source), residual: node.residual.map(value), relu: node.relu)
            } else {
                result = compute(node, value)
            }
            observe(index, result)
            values[index] = result
            for source in lastReads[index] { values[source] = nil }
        }
        return values[graph.output] ?? input
    }

    private func compute(_ node: NetworkGraph.Node, _ value: (Int) -> Tensor) -> Tensor {
        guard let operation = node.operation else { return value(0) }
        let operands = node.operands.map { operand in
            switch operand {
            case .node(let source): value(source)
            case .tensor(let tensor, _): tensor
            }
        }
        var result = compute(operation, operands)
        if let residual = node.residual { result = result + value(residual) }
        return node.relu ? relu(result) : result
    }

    private func compute(_ operation: Operation, _ x: [Tensor]) -> Tensor {
        switch operation {
        // Only one whose weights are the result of another step; all others are prepared.
        case .convolution2D(let geometry): return convolution2D(x[0], x[1], bias: x.count > 2 ? x[2] : nil, geometry)
        case .dense:
            let product = matmul(x[0], x[1])  // Y[N, out] = X[N, in] · W[in, out]
            return x.count > 2 ? product.addingToRows(x[2]) : product
        case .batchNorm(let epsilon):
            return batchNormInference(x[0], scale: x[1], shift: x[2], mean: x[3], variance: x[4], epsilon: epsilon)
        case .relu: return relu(x[0])
        case .sigmoid: return sigmoid(x[0])
        case .tanh: return tanh(x[0])
        case .maxPool2D(let geometry): return maxPool2D(x[0], geometry).output
        case .averagePool2D(let geometry): return averagePool2D(x[0], geometry)
        case .globalAveragePool: return globalAverage(x[0])
        case .add: return x[0] + x[1]
        case .multiply: return x[0] * x[1]
        case .scale(let factor): return x[0] * factor
        case .concatenate(let axis): return .concatenated(x, axis: axis)
        case .flatten: return x[0].reshaped(to: [x[0].shape[0], x[0].shape.dropFirst().reduce(1, *)])
        case .softmax: return softmax(x[0])
        case .logSoftmax: return logSoftmax(x[0])
        case .learning(let name): fatalError("InferencePlan: \(name) is no operation of inference")
        }
    }
}

extension NetworkGraph {
    /// Stops the program unless the batch has the images' extents that were traced.
    func requireInput(_ input: Tensor, for operation: String) {
        require(
            input.shape.rank > 0 && Shape(Array(input.shape.dropFirst())) == inputShape,
            "\(operation): input has shape \(input.shape), images of \(inputShape) expected")
    }
}

/// For each step the values that nobody reads after it: what may be freed then.
///
/// - Parameters:
///   - sources: for each step the earlier ones that it reads.
///   - output: the step whose value is the result.
public func lastReads(_ sources: [[Int]], output: Int) -> [[Int]] {
    var reads = [[Int]](repeating: [], count: sources.count)
    var alive = Set(sources.indices).subtracting([output])
    for index in sources.indices.reversed() {
        for source in Set(sources[index]) where alive.remove(source) != nil { reads[index].append(source) }
    }
    return reads
}

/// The largest sum of the sizes of values that are alive together.
///
/// - Parameters:
///   - sizes: of each step's result.
///   - lastReads: see ``lastReads(_:output:)``.
public func peakOfLive(_ sizes: [Int], _ lastReads: [[Int]]) -> Int {
    var (live, peak) = (0, 0)
    for (index, size) in sizes.enumerated() {
        live += size
        peak = max(peak, live)
        live -= lastReads[index].reduce(0) { $0 + sizes[$1] }
    }
    return peak
}

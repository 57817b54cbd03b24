import Autograd
import Graph
import TensorCore

extension IntegerProgram {
    /// Turns a graph into an integer program.
    ///
    /// - Parameters:
    ///   - graph: folded and fused.
    ///   - quantizations: scale and zero point of each node's result, where they are its own.
    ///   - rounding: how weights become integers.
    /// - Throws: ``GraphError`` for an operation that has no form in int8.
    init(_ graph: NetworkGraph, _ quantizations: [AffineQuantization], _ rounding: WeightRounding) throws {
        try graph.requireInference()
        nodes = []
        let floatNodes = graph.floatNodes(with: rounding)
        for index in graph.nodes.indices {
            nodes.append(try lowered(index, of: graph, quantizations, rounding, floatNodes))
        }
    }

    /// Lowers the layer of a node again, after its weights, bias or scales changed.
    mutating func replaceLayer(
        _ index: Int, by graph: NetworkGraph, _ quantizations: [AffineQuantization], _ rounding: WeightRounding
    ) throws {
        nodes[index] = try lowered(index, of: graph, quantizations, rounding, graph.floatNodes(with: rounding))
    }

    /// A node of a graph, which may read those before it.
    private func lowered(
        _ index: Int, of graph: NetworkGraph, _ quantizations: [AffineQuantization], _ rounding: WeightRounding,
        _ floatNodes: Set<Int>
    ) throws -> Node {
        let node = graph.nodes[index]
        var lowered = Node(
            operation: node.operation, inputs: [], residual: node.residual, relu: node.relu, path: node.layerPath,
            shape: node.shape)
        for operand in node.operands {
            if case .node(let source) = operand { lowered.inputs.append(source) }
        }
        if !floatNodes.contains(index) {
            lowered.quantization =
                node.operation?.keepsQuantization == true && !rounding.floatNodes.contains(index)
                ? nodes[lowered.inputs[0]].quantization : quantizations[index]
        }
        if let input = lowered.inputs.first, let layer = node.operation?.base as? any QuantizedLayer {
            let own = try layer.layer(of: node, reading: nodes[input].shape)
            if rounding.floatNodes.contains(index) {
                lowered.floatLayer = FloatLayer(
                    geometry: own.geometry, weights: Tensor(own.weights, shape: own.geometry.weightShape),
                    bias: Tensor(own.bias))
            } else {
                lowered.layer = Layer(
                    own, inputScale: try nodes[input].bytes(for: lowered).scale,
                    // A normalisation's factors are exact with any; only its bias would be coarser.
                    limit: node.isLinearLayer ? rounding.limit : 127, scales: rounding.scales[index],
                    integers: rounding.biases[index])
            }
            if !node.isLinearLayer { lowered.operation = AnyOperation(Convolution2DOperation(own.geometry)) }
        } else if let operation = node.operation {
            if graph.isFloatOnly(index) || rounding.floatNodes.contains(index) {
                guard floatNodes.contains(index) || rounding.floatNodes.contains(index) else {
                    throw GraphError(
                        operation: node.description,
                        reason: operation.isFloatOnly
                            ? "has no form in int8, and more comes after it; kept in float32 it could run"
                            : "broadcasts its inputs, which no int8 kernel does; kept in float32 it could run"
                    )
                }
                guard node.tensors.allSatisfy(\.isFinite) else {
                    throw GraphError(operation: node.description, reason: "reads a value that is NaN or infinite")
                }
                lowered.floatOperands = node.operands
            } else if let first = node.tensors.first {
                throw GraphError(
                    operation: node.description,
                    reason:
                        "reads a stored tensor of shape \(first.shape) beside activations; kept in float32 it could run"
                )
            }
        }
        return lowered
    }
}

extension IntegerProgram.Layer {
    /// Rounds weights to -limit ... limit multiples of the scale of their output channel, biases to multiples of the
    /// scale of the sums.
    ///
    /// - Parameters:
    ///   - scales: nil for those with which the channel's greatest weight is the limit.
    ///   - integers: the biases, where they are known.
    fileprivate init(_ layer: FloatWeights, inputScale: Float, limit: Int, scales: [Float]?, integers: [Int32]?) {
        let (geometry, weights, bias) = (layer.geometry, layer.weights, layer.bias)
        let channels = geometry.outputChannels
        var greatest = [Float](repeating: 0, count: channels)
        for (index, weight) in weights.enumerated() {
            greatest[index % channels] = max(greatest[index % channels], abs(weight))
        }
        // A channel that all but died in training has a bias and hardly any weights: its scale must not be so small
        // that the bias does not fit 32 bits.
        let wanted = scales ?? greatest.map { $0 / Float(limit) }
        let scales =
            integers == nil
            ? zip(wanted, bias).map { max($0, abs($1) / (inputScale * 0x1p30), 0x1p-60) } : wanted
        let range = -Double(limit)...Double(limit)
        self.init(
            geometry: geometry,
            weights: weights.enumerated().map { index, weight in
                Int8(
                    (Double(weight) / Double(scales[index % channels])).rounded(.toNearestOrEven).clamped(
                        to: range))
            },
            bias: integers
                ?? zip(bias, scales).map { bias, scale in
                    let multiple = Double(bias) / (Double(inputScale) * Double(scale))
                    return Int32(multiple.rounded(.toNearestOrEven).clamped(to: -0x1p30...0x1p30))
                },
            scales: scales)
    }
}

extension Double {
    fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}

extension NetworkGraph {
    /// Whether a node can only be computed in float32.
    func isFloatOnly(_ node: Int) -> Bool {
        let operands = nodes[node].operands.compactMap { operand in
            if case .node(let source) = operand { nodes[source].extents } else { nil }
        }
        return nodes[node].operation?.isFloatOnly(reading: operands) == true
    }

    /// The nodes whose results are uint8 with a scale and zero point of their own.
    ///
    /// - Parameter rounding: with the nodes that are computed in float32.
    func integerNodes(_ rounding: WeightRounding) -> [Int] {
        let floatNodes = floatNodes(with: rounding)
        return nodes.indices.filter {
            !floatNodes.contains($0)
                && (nodes[$0].operation?.keepsQuantization != true || rounding.floatNodes.contains($0))
        }
    }

    /// The nodes whose results are float32: operations at the end that are float32 alone, as a softmax, the layer that
    /// gives the logits, and what only layers in float32 read of one another.
    func floatNodes(with rounding: WeightRounding) -> Set<Int> {
        let chosen = rounding.floatNodes
        var found = chosen.subtracting(rounding.givenResults).filter { node in
            let readers = nodes.indices.filter { nodes[$0].sources.contains(node) }
            return !readers.isEmpty && chosen.isSuperset(of: readers)
        }
        var next = output
        while !rounding.givenResults.contains(next) {
            let node = nodes[next]
            guard nodes.count(where: { $0.sources.contains(next) }) <= 1 else { return found }
            guard let operation = node.operation else { return found }
            guard isFloatOnly(next) else {
                let isPlain = operation.isLinearLayer && node.residual == nil && !node.relu
                if isPlain || chosen.contains(next) { found.insert(next) }
                return found
            }
            found.insert(next)
            guard let source = node.sources.first else { return found }
            next = source
        }
        return found
    }
}

extension NetworkGraph {
    /// The layers at some paths or below them, and the nodes that are operations of some names, as far as they have a
    /// form in float32 here.
    ///
    /// - Throws: ``GraphError`` for a name that there is none of, with those that there are.
    func nodes(named names: Set<String>) throws -> Set<Int> {
        let candidates = nodes.indices.filter { nodes[$0].layerPath != nil || isFloatOnly($0) }
        return try names.sorted().reduce(into: []) { found, name in
            let own = candidates.filter { index in
                let (operation, path) = (nodes[index].operation?.description, nodes[index].layerPath)
                return operation == name || path == name || path?.hasPrefix(name + ".") == true
            }
            guard !own.isEmpty else {
                let known = Set(
                    candidates.flatMap { [nodes[$0].layerPath, nodes[$0].operation?.description].compactMap(\.self) })
                throw GraphError(
                    operation: name,
                    reason: "is no layer that can be kept in FP32; there are "
                        + known.sorted().joined(separator: ", "))
            }
            found.formUnion(own)
        }
    }
}

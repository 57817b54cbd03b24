import Autograd
import Graph
import TensorCore

extension IntegerProgram {
    /// Turns a graph into a program on bytes.
    ///
    /// - Parameters:
    ///   - graph: folded and fused.
    ///   - quantizations: what the bytes of each node's result stand for, where they are its own.
    ///   - rounding: how weights become integers.
    /// - Throws: ``GraphError`` for an operation that there is none of on bytes.
    init(_ graph: NetworkGraph, _ quantizations: [AffineQuantization], _ rounding: WeightRounding) throws {
        try graph.requireInference()
        let inNumbers = graph.nodesInNumbers(rounding.floatNodes)
        var steps: [Step] = []
        for (index, node) in graph.nodes.enumerated() {
            var step = Step(
                operation: node.operation, inputs: [], residual: node.residual, relu: node.relu, path: node.layerPath,
                shape: node.shape)
            for operand in node.operands {
                if case .node(let source) = operand { step.inputs.append(source) }
            }
            if !inNumbers.contains(index) {
                step.quantization =
                    node.operation?.keepsQuantization == true && !rounding.floatNodes.contains(index)
                    ? steps[step.inputs[0]].quantization : quantizations[index]
            }
            if let input = step.inputs.first, let layer = node.operation?.base as? any QuantizedLayer {
                let own = try layer.layer(of: node, reading: steps[input].shape)
                if rounding.floatNodes.contains(index) {
                    step.floatLayer = FloatLayer(
                        geometry: own.geometry, weights: Tensor(own.weights, shape: own.geometry.weightShape),
                        bias: Tensor(own.bias))
                } else {
                    step.layer = Layer(
                        own, inputScale: try steps[input].bytes(for: step).scale,
                        // A normalisation's factors are exact with any; only its bias would be coarser.
                        limit: node.isLinearLayer ? rounding.limit : 127, steps: rounding.steps[index])
                }
                if !node.isLinearLayer { step.operation = AnyOperation(Convolution2DOperation(own.geometry)) }
            } else if let operation = node.operation {
                if graph.isFloatOnly(index) || rounding.floatNodes.contains(index) {
                    guard inNumbers.contains(index) || rounding.floatNodes.contains(index) else {
                        throw GraphError(
                            operation: node.description,
                            reason: operation.isFloatOnly
                                ? "has no form on bytes, and more comes after it; kept in single precision it could run"
                                : "broadcasts its inputs, which no kernel on bytes does; kept in float32 it could run"
                        )
                    }
                    guard node.tensors.allSatisfy(\.isFinite) else {
                        throw GraphError(operation: node.description, reason: "reads a value that is NaN or infinite")
                    }
                    step.floatOperands = node.operands
                } else if let first = node.tensors.first {
                    throw GraphError(
                        operation: node.description,
                        reason: "reads a stored tensor of shape \(first.shape) beside activations")
                }
            }
            steps.append(step)
        }
        self.steps = steps
    }
}

extension IntegerProgram.Layer {
    /// Rounds weights to -limit ... limit steps of their output channel, biases to steps of the sums.
    ///
    /// - Parameter steps: nil for those with which the channel's greatest weight is the limit.
    fileprivate init(_ layer: FloatWeights, inputScale: Float, limit: Int, steps: [Float]?) {
        let (geometry, weights, bias) = (layer.geometry, layer.weights, layer.bias)
        let channels = geometry.outputChannels
        var greatest = [Float](repeating: 0, count: channels)
        for (index, weight) in weights.enumerated() {
            greatest[index % channels] = max(greatest[index % channels], abs(weight))
        }
        // A channel that all but died in training has a bias and hardly any weights: its steps must not be so fine that
        // the bias does not fit 32 bits.
        let scales = zip(steps ?? greatest.map { $0 / Float(limit) }, bias).map {
            max($0, abs($1) / (inputScale * 0x1p30), 0x1p-60)
        }
        let range = -Double(limit)...Double(limit)
        self.init(
            geometry: geometry,
            weights: weights.enumerated().map { index, weight in
                Int8(
                    (Double(weight) / Double(scales[index % channels])).rounded(.toNearestOrEven).clamped(
                        to: range))
            },
            bias: zip(bias, scales).map { bias, scale in
                let steps = Double(bias) / (Double(inputScale) * Double(scale))
                return Int32(steps.rounded(.toNearestOrEven).clamped(to: -0x1p30...0x1p30))
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
    fileprivate func isFloatOnly(_ node: Int) -> Bool {
        let operands = nodes[node].operands.compactMap { operand in
            if case .node(let source) = operand { nodes[source].extents } else { nil }
        }
        return nodes[node].operation?.isFloatOnly(reading: operands) == true
    }

    /// The nodes whose results are bytes with a meaning of their own.
    ///
    /// - Parameter floatNodes: those that are computed in single precision.
    func nodesInBytes(_ floatNodes: Set<Int> = []) -> [Int] {
        let inNumbers = nodesInNumbers(floatNodes)
        return nodes.indices.filter {
            !inNumbers.contains($0) && (nodes[$0].operation?.keepsQuantization != true || floatNodes.contains($0))
        }
    }

    /// The nodes whose results are numbers: operations at the end that are float32 alone, as a softmax, the layer that
    /// gives the logits, and what only layers in single precision read of one another.
    fileprivate func nodesInNumbers(_ floatNodes: Set<Int>) -> Set<Int> {
        var found = floatNodes.filter { node in
            let readers = nodes.indices.filter { nodes[$0].sources.contains(node) }
            return !readers.isEmpty && floatNodes.isSuperset(of: readers)
        }
        var next = output
        while true {
            let node = nodes[next]
            guard nodes.count(where: { $0.sources.contains(next) }) <= 1 else { return found }
            guard let operation = node.operation else { return found }
            guard isFloatOnly(next) else {
                let isPlain = operation.isLinearLayer && node.residual == nil && !node.relu
                if isPlain || floatNodes.contains(next) { found.insert(next) }
                return found
            }
            found.insert(next)
            guard let source = node.sources.first else { return found }
            next = source
        }
    }
}

extension NetworkGraph {
    /// The layers at some paths or below them, and the steps that are operations of some names, as far as they have a
    /// form in single precision here.
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
                    reason: "is no layer that can be kept in single precision; there are "
                        + known.sorted().joined(separator: ", "))
            }
            found.formUnion(own)
        }
    }
}

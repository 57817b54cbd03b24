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
                    node.operation?.keepsBytes == true
                    ? steps[step.inputs[0]].quantization : quantizations[index]
            }
            if let (geometry, weights, bias) = try node.linearLayer(
                inputShape: step.inputs.first.map { steps[$0].shape })
            {
                if rounding.floatNodes.contains(index) {
                    step.floatLayer = FloatLayer(
                        geometry: geometry, weights: Tensor(weights, shape: geometry.weightShape), bias: Tensor(bias))
                } else {
                    let input = try steps[step.inputs[0]].bytes(for: step)
                    step.layer = Layer(
                        geometry, weights: weights, bias: bias, inputScale: input.scale,
                        // A normalisation's factors are exact with any; only its bias would be coarser.
                        limit: node.isLinearLayer ? rounding.limit : 127, steps: rounding.steps[index])
                }
                if case .batchNorm? = node.operation { step.operation = .convolution2D(geometry) }
            } else {
                try node.requireBytes()
                guard
                    node.operation?.isSoftmax != true || inNumbers.contains(index)
                        || rounding.floatNodes.contains(index)
                else {
                    throw GraphError(
                        operation: node.description,
                        reason: "has no form on bytes, and more comes after it; kept in single precision it could run")
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
    fileprivate init(
        _ geometry: Conv2DGeometry, weights: [Float], bias: [Float], inputScale: Float, limit: Int, steps: [Float]?
    ) {
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
    /// The nodes whose results are bytes with a meaning of their own.
    ///
    /// - Parameter floatNodes: those that are computed in single precision.
    func nodesInBytes(_ floatNodes: Set<Int> = []) -> [Int] {
        let inNumbers = nodesInNumbers(floatNodes)
        return nodes.indices.filter { !inNumbers.contains($0) && nodes[$0].operation?.keepsBytes != true }
    }

    /// The nodes whose results are numbers: the last softmaxes, the layer that gives the logits, and what only layers in single
    /// precision read of one another.
    fileprivate func nodesInNumbers(_ floatNodes: Set<Int>) -> Set<Int> {
        var found = floatNodes.filter { node in
            let readers = nodes.indices.filter { nodes[$0].sources.contains(node) }
            return !readers.isEmpty && floatNodes.isSuperset(of: readers)
        }
        var next = output
        while true {
            let node = nodes[next]
            guard nodes.count(where: { $0.sources.contains(next) }) <= 1 else { return found }
            switch node.operation {
            case let operation? where operation.isSoftmax: found.insert(next)
            case .convolution2D, .dense:
                if node.residual == nil && !node.relu || floatNodes.contains(next) { found.insert(next) }
                return found
            default:
                if floatNodes.contains(next) { found.insert(next) }
                return found
            }
            guard let source = node.sources.first else { return found }
            next = source
        }
    }
}

extension NetworkGraph {
    /// The layers at some paths or below them, and the steps that are operations of some names, as far as they have a form in
    /// single precision here.
    ///
    /// - Throws: ``GraphError`` for a name that there is none of, with those that there are.
    func nodes(named names: Set<String>) throws -> Set<Int> {
        let candidates = nodes.indices.filter { nodes[$0].layerPath != nil || nodes[$0].operation?.isSoftmax == true }
        return try names.sorted().reduce(into: []) { found, name in
            let own = candidates.filter { index in
                let (operation, path) = (nodes[index].operation?.name, nodes[index].layerPath)
                return operation == name || path == name || path?.hasPrefix(name + ".") == true
            }
            guard !own.isEmpty else {
                let known = Set(
                    candidates.flatMap { [nodes[$0].layerPath, nodes[$0].operation?.name].compactMap(\.self) })
                throw GraphError(
                    operation: name,
                    reason: "is no layer that can be kept in single precision; there are "
                        + known.sorted().joined(separator: ", "))
            }
            found.formUnion(own)
        }
    }
}

extension NetworkGraph.Node {
    /// Geometry, weights and bias of a convolution or dense layer; a normalisation that could not be folded is a
    /// convolution with one tap a channel.
    fileprivate func linearLayer(
        inputShape: Shape?
    ) throws -> (Conv2DGeometry, weights: [Float], bias: [Float])? {
        guard let inputShape else { return nil }
        let geometry: Conv2DGeometry
        switch operation {
        case .convolution2D(let own): geometry = own
        case .dense:
            geometry = .dense(inputs: inputShape.elementCount, outputs: shape.elementCount)
        case .batchNorm(let epsilon):
            guard inputShape.rank == 1 || inputShape.rank == 3,
                let coefficients = BatchNormCoefficients(self, epsilon: epsilon)
            else { throw GraphError(operation: description, reason: "takes [N, H, W, C] or [N, C] on bytes") }
            let (h, w) = inputShape.rank == 3 ? (inputShape[0], inputShape[1]) : (1, 1)
            let channels = coefficients.factors.count
            return (
                Conv2DGeometry(
                    input: (h, w, channels), kernel: (1, 1), outputChannels: channels, groups: channels),
                coefficients.factors.map { Float($0) }, coefficients.offsets.map { Float($0) }
            )
        default: return nil
        }
        guard let weights = tensors.first, tensors.count == operands.count - 1 else {
            throw GraphError(
                operation: description, reason: "its weights are computed by the network, not stored in it")
        }
        let zeros = [Float](repeating: 0, count: geometry.outputChannels)
        guard weights.isFinite, tensors.last?.isFinite == true else {
            throw GraphError(operation: description, reason: "has a weight that is NaN or infinite")
        }
        return (geometry, weights.scalars, tensors.count > 1 ? tensors[1].scalars : zeros)
    }

    /// Refuses what cannot be computed on bytes.
    fileprivate func requireBytes() throws {
        if let first = tensors.first {
            throw GraphError(
                operation: description, reason: "reads a stored tensor of shape \(first.shape) beside activations")
        }
        if case .learning = operation {
            throw GraphError(operation: description, reason: "is no operation of inference")
        }
    }
}

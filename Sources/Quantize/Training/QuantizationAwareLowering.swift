import Autograd
import Graph
import TensorCore

extension QuantizationAwareNetwork {
    /// The integer network that was trained for: its weights' integers, its steps and its zero points.
    ///
    /// - Throws: `GraphError` for weights or steps that training left so far apart that sums would not fit 32 bits.
    public func quantized() throws -> QuantizedModel {
        let limit = WeightRounding(bits: weightBits).limit
        // What folding does to the weights it does to their steps.
        func folded(_ weights: (_ value: Tensor, _ steps: Tensor) -> Tensor) -> NetworkGraph {
            graph.replacingTensors { index, place, tensor, path in
                let value = path.map { self[$0].value } ?? tensor
                guard graph.nodes[index].isLinearLayer && place == 1 else { return value }
                return weights(value, self[Self.stepPath(of: path, at: index)].value.map { usableStep(logarithm: $0) })
            }.foldingBatchNorm().fusingActivations()
        }
        let fused = folded { $0.roundedToSteps($1, limit: Float(limit)) }
        let steps = folded { $1.broadcast(to: $0.shape) }
        var rounding = WeightRounding(bits: weightBits)
        rounding.floatNodes = fused.nodesWithoutIntegerForm
        for (index, node) in steps.nodes.enumerated() where node.isLinearLayer {
            guard let widths = node.tensors.first, let channels = widths.shape.extents.last else { continue }
            rounding.scales[index] = widths.scalars.prefix(channels).map { max(abs($0), WeightRounding.leastScale) }
        }
        let quantizations = fused.nodes.map { node in
            zeroPoints[node.origin].map {
                AffineQuantization(
                    scale: usableStep(logarithm: self[Self.activationPath(node.origin)].value.scalar), zeroPoint: $0)
            } ?? AffineQuantization(scale: 1, zeroPoint: 0)
        }
        return try QuantizedModel(network: IntegerNetwork(IntegerProgram(fused, quantizations, rounding)))
    }
}

extension QuantizationAwareNetwork {
    /// What rounding adds to the folded bias of a layer, which is stored in steps of the sums: input step · weight
    /// step.
    ///
    /// - Parameters:
    ///   - layer: the traced convolution or dense layer.
    ///   - end: its normalisation, or itself.
    /// - Returns: [C'].
    func biasError(of layer: Int, endingAt end: Int) -> Tensor {
        func tensor(_ operand: NetworkGraph.Operand) -> Tensor? {
            guard case .tensor(let tensor, let path) = operand else { return nil }
            return path.map { self[$0].value } ?? tensor
        }
        let (node, last) = (graph.nodes[layer], graph.nodes[end])
        guard case .tensor(_, let path)? = node.operands.dropFirst().first else { return .zeros([0]) }
        let steps = self[Self.stepPath(of: path, at: layer)].value.map { usableStep(logarithm: $0) }
        var (factors, biases) = (Tensor.ones(steps.shape), node.operands.count > 2 ? tensor(node.operands[2]) : nil)
        if let epsilon = last.operation?.as(BatchNormOperation.self)?.epsilon {
            let x = last.operands.compactMap(tensor)
            let coefficients = BatchNormCoefficients(
                scale: x[0], shift: x[1], mean: x[2], variance: x[3], epsilon: epsilon)
            (factors, biases) = coefficients.folded(weights: factors, bias: biases)
        }
        let input = Double(inputStep(of: layer))
        let errors = zip(zip(steps.scalars, factors.scalars), biases?.scalars ?? steps.scalars.map { _ in 0 }).map {
            let unit = input * Double(max(abs($0.0 * $0.1), WeightRounding.leastScale))
            let count = (Double($1) / unit).rounded(.toNearestOrEven)
            return abs(count) < 0x1p30 ? Float(count * unit - Double($1)) : 0
        }
        return Tensor(errors)
    }

    /// What a step of a layer's input bytes is.
    private func inputStep(of layer: Int) -> Float {
        var source = graph.nodes[layer].sources[0]
        while zeroPoints[source] == nil { source = graph.nodes[source].sources[0] }
        return usableStep(logarithm: self[Self.activationPath(source)].value.scalar)
    }
}

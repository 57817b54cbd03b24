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
                return weights(value, self[Self.stepPath(of: path, at: index)].value.map(usableStep))
            }.foldingBatchNorm().fusingActivations()
        }
        let fused = folded { $0.roundedToSteps($1, limit: Float(limit)) }
        let steps = folded { $1.broadcast(to: $0.shape) }
        var rounding = WeightRounding(bits: weightBits)
        for (index, node) in steps.nodes.enumerated() where node.isLinearLayer {
            guard let widths = node.tensors.first, let channels = widths.shape.extents.last else { continue }
            rounding.steps[index] = widths.scalars.prefix(channels).map { usableStep(abs($0)) }
        }
        let quantizations = fused.nodes.map { node in
            zeroPoints[node.origin].map {
                AffineQuantization(
                    scale: usableStep(self[Self.activationPath(node.origin)].value.scalar), zeroPoint: $0)
            } ?? AffineQuantization(scale: 1, zeroPoint: 0)
        }
        return try QuantizedModel(network: IntegerNetwork(IntegerProgram(fused, quantizations, rounding)))
    }
}

extension Autograd.Operation {
    /// The operation on variables; normalisations with the given statistics.
    ///
    /// - Parameter x: what it reads, in the order that its case gives.
    func callAsFunction(_ x: [Variable]) -> Variable {
        switch self {
        case .convolution2D(let geometry):
            return x[0].convolved(with: x[1], bias: x.count > 2 ? x[2] : nil, geometry)
        case .dense: return x[0].multiplied(byMatrix: x[1], bias: x.count > 2 ? x[2] : nil)
        case .batchNorm(let epsilon):
            return x[0].batchNormalized(scale: x[1], shift: x[2], mean: x[3], variance: x[4], epsilon: epsilon)
        case .relu: return x[0].relu()
        case .sigmoid: return x[0].sigmoid()
        case .tanh: return x[0].tanh()
        case .maxPool2D(let geometry): return x[0].maxPooled(geometry)
        case .averagePool2D(let geometry): return x[0].averagePooled(geometry)
        case .globalAveragePool: return x[0].globalAveragePooled()
        case .add: return x[0] + x[1]
        case .multiply: return x[0] * x[1]
        case .scale(let factor): return x[0] * factor
        case .concatenate(let axis): return .concatenated(x, axis: axis)
        case .flatten: return x[0].flattened()
        case .softmax: return x[0].softmax()
        case .logSoftmax: return x[0].logSoftmax()
        case .learning(let name): fatalError("QuantizationAwareNetwork: \(name) is no operation of inference")
        }
    }
}

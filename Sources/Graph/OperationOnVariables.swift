import Autograd
import TensorCore

extension Autograd.Operation {
    /// The operation on variables; normalisations with the given statistics.
    ///
    /// - Parameter x: what it reads, in the order that its case gives.
    package func callAsFunction(_ x: [Variable]) -> Variable {
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
        case .learning(let name): fatalError("\(name) is no operation of inference")
        }
    }
}

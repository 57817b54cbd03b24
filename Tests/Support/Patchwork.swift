import Autograd
import Layers
import TensorCore

/// A network that no framework has seen: a branch with a depthwise convolution, concatenation, average pooling, a
/// residual whose two ends are read elsewhere too, a normalisation before its activation and one behind a pooling,
/// dense.
public struct Patchwork: Module {
    var stem: Conv2D
    var stemNorm = BatchNorm(6)
    var depthwise: Conv2D
    var depthwiseNorm = BatchNorm(6)
    var pointwise: Conv2D
    var wide: Conv2D
    var wideNorm = BatchNorm(6)
    var pooledNorm = BatchNorm(18)
    var hidden: Dense
    var hiddenNorm = BatchNorm(9)
    var classifier: Dense

    public init(seed: UInt64) {
        var random = Philox(seed: seed, operation: RandomPurpose.initialization)
        stem = Conv2D(2, 6, kernel: 5, stride: 2, padding: 1, using: &random)
        depthwise = Conv2D(6, 6, kernel: 3, groups: 6, bias: false, using: &random)
        pointwise = Conv2D(6, 6, kernel: 1, using: &random)
        wide = Conv2D(6, 6, kernel: 3, dilation: 2, groups: 2, bias: false, using: &random)
        hidden = Dense(18, 9, using: &random)
        classifier = Dense(9, 4, using: &random)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let trunk = stemNorm(stem(input), relu: true)
        let branch = pointwise(depthwiseNorm(depthwise(trunk), relu: true))
        let residual = (branch + trunk).relu()
        let other = wideNorm(wide(trunk), residual: residual, relu: true)
        // `branch` is read twice: neither the sum nor this sigmoid may swallow it.
        let gated = branch.sigmoid() * residual
        let joined = Variable.concatenated([residual, other, gated * -0.5], axis: 3)
        let (_, h, w, c) = joined.shape.nhwc(for: "Patchwork")
        let pooled = joined.averagePooled(
            Pool2DGeometry(input: (h, w, c), window: (3, 3), stride: (2, 2), padding: (1, 1), countsPadding: false))
        let normal = pooledNorm(pooled).tanh()
        return classifier(hiddenNorm(hidden(normal.globalAveragePooled())).relu())
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("stem", &stem)
        visitor("stemNorm", &stemNorm)
        visitor("depthwise", &depthwise)
        visitor("depthwiseNorm", &depthwiseNorm)
        visitor("pointwise", &pointwise)
        visitor("wide", &wide)
        visitor("wideNorm", &wideNorm)
        visitor("pooledNorm", &pooledNorm)
        visitor("hidden", &hidden)
        visitor("hiddenNorm", &hiddenNorm)
        visitor("classifier", &classifier)
    }
}

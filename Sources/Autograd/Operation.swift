import TensorCore

/// What a recorded step of a network is, with everything but its tensors: the vocabulary that a traced network is
/// written in.
///
/// The inputs' order is given with each case. Learning never reads this; tracing does, so that inference,
/// quantisation and pruning see a network as data.
public enum Operation: Hashable, Sendable {
    /// Inputs: x [N, H, W, C], weights, and the bias [C'] if there is one.
    case convolution2D(Conv2DGeometry)
    /// Inputs: x [N, in], weights [in, out], and the bias [out] if there is one.
    case dense
    /// Inputs: x [..., C], scale [C], shift [C], running mean [C], running variance [C].
    case batchNorm(epsilon: Float)
    /// Inputs: x.
    case relu
    /// Inputs: x.
    case sigmoid
    /// Inputs: x.
    case tanh
    /// Inputs: x [N, H, W, C].
    case maxPool2D(Pool2DGeometry)
    /// Inputs: x [N, H, W, C].
    case averagePool2D(Pool2DGeometry)
    /// Inputs: x [N, H, W, C]; output [N, C].
    case globalAveragePool
    /// Inputs: two of one shape.
    case add
    /// Inputs: two of one shape.
    case multiply
    /// Inputs: x; the factor is part of the operation.
    case scale(Float)
    /// Inputs: any number, alike but along the axis.
    case concatenate(axis: Int)
    /// Inputs: x; everything but the batch axis becomes one axis.
    case flatten
    /// Inputs: x [N, K], over the last axis.
    case softmax
    /// Inputs: x [N, K], over the last axis.
    case logSoftmax
    /// A step that only learning takes (losses, dropout, feature perturbation), by name.
    case learning(String)
}

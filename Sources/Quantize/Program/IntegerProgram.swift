import Autograd
import Graph
import TensorCore

/// An integer network as data: what a file of a quantised model holds.
///
/// The nodes stand in the order in which they run; node 0 is the input, the last is the result.
struct IntegerProgram: Sendable {
    /// One node: relu(operation(inputs) + residual), without what is not set.
    struct Node: Sendable {
        /// Nil for the input. Convolutions and dense layers have a `layer` or a `floatLayer`.
        var operation: AnyOperation?
        /// Earlier nodes.
        var inputs: [Int]
        var residual: Int?
        var relu = false
        var layer: Layer?
        /// Instead of `layer` where it is computed in float32.
        var floatLayer: FloatLayer?
        /// What an operation reads that is neither and is computed in float32: nodes and float32 tensors, in its order.
        var floatOperands: [NetworkGraph.Operand]?
        /// Of the layer in the network that it came from.
        var path: String?
        /// Extents of the result for one image.
        var shape: Shape
        /// The result's scale and zero point; nil if the result is float32.
        var quantization: AffineQuantization?

        /// Whether it is computed in float32, whatever its result is.
        var isFloat: Bool { floatLayer != nil || floatOperands != nil }

        /// The nodes that it reads, the residual last.
        var sources: [Int] { inputs + (residual.map { [$0] } ?? []) }
    }

    /// Weights and biases of a convolution or dense layer, per output channel: real weight = scale · weight,
    /// real bias = input scale · scale · bias.
    struct Layer: Sendable {
        let geometry: Conv2DGeometry
        let weights: [Int8]
        let bias: [Int32]
        let scales: [Float]
    }

    /// Weights and bias of one that is computed in float32: what it reads is dequantised, and its result quantised
    /// again.
    struct FloatLayer: Sendable {
        let geometry: Conv2DGeometry
        /// [kernel height, kernel width, C / groups, C'].
        let weights: Tensor
        /// [C'].
        let bias: Tensor
    }

    let nodes: [Node]
}

import Autograd
import Graph
import TensorCore

/// An integer network as data: what a file of a quantised model holds.
///
/// The nodes stand in the order in which they run; node 0 is the input, the last is the result.
package struct IntegerProgram: Sendable {
    /// One node: relu(operation(inputs) + residual), without what is not set.
    package struct Node: Sendable {
        /// Nil for the input. Convolutions and dense layers have a `layer` or a `floatLayer`.
        package var operation: AnyOperation?
        /// Earlier nodes.
        package var inputs: [Int]
        package var residual: Int?
        package var relu = false
        package var layer: Layer?
        /// Instead of `layer` where it is computed in float32.
        package var floatLayer: FloatLayer?
        /// What an operation reads that is neither and is computed in float32: nodes and float32 tensors, in its order.
        package var floatOperands: [NetworkGraph.Operand]?
        /// Of the layer in the network that it came from.
        package var path: String?
        /// Extents of the result for one image.
        package var shape: Shape
        /// The result's scale and zero point; nil if the result is float32.
        package var quantization: AffineQuantization?

        /// Whether it is computed in float32, whatever its result is.
        package var isFloat: Bool { floatLayer != nil || floatOperands != nil }

        /// The nodes that it reads, the residual last.
        package var sources: [Int] { inputs + (residual.map { [$0] } ?? []) }
    }

    /// Weights and biases of a convolution or dense layer, per output channel: real weight = scale · weight,
    /// real bias = input scale · scale · bias.
    package struct Layer: Sendable {
        package let geometry: Conv2DGeometry
        package let weights: [Int8]
        package let bias: [Int32]
        package let scales: [Float]
    }

    /// Weights and bias of one that is computed in float32: what it reads is dequantised, and its result quantised
    /// again.
    package struct FloatLayer: Sendable {
        package let geometry: Conv2DGeometry
        /// [kernel height, kernel width, C / groups, C'].
        package let weights: Tensor
        /// [C'].
        package let bias: Tensor
    }

    package internal(set) var nodes: [Node]
}

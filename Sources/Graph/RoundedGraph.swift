import Autograd
import TensorCore

/// A network whose file says where values are rounded to 8 bits, and how: nodes that compute it in float32, and what
/// they stand for in integers.
///
/// A quantised model is made of it without calibration:
///
///     let int8 = try QuantizedModel(ONNXModel(contentsOf: url).roundedGraph())
public struct RoundedGraph: Sendable {
    /// What a node's result is besides what its operation says.
    package enum Role: Sendable {
        /// The bytes of another node's result, as float32 numbers; `lowest` is 0 for uint8 and −128 for int8.
        case bytes(of: Int, AffineQuantization, lowest: Int)
        /// The numbers that another node's bytes stand for.
        case numbers(of: Int, AffineQuantization)
    }

    /// Stored integers of a layer, by output channels.
    package struct Layer: Sendable {
        /// Of the weights.
        package let scales: [Float]
        /// What the bias is a multiple of, and how many times; nil without one.
        package let bias: (integers: [Int], scales: [Float])?

        package init(scales: [Float], bias: (integers: [Int], scales: [Float])?) {
            (self.scales, self.bias) = (scales, bias)
        }
    }

    /// The input first; each reads earlier ones.
    package let nodes: [NetworkGraph.Node]
    /// The node that is the network's result.
    package var output: Int
    /// By node; those of the numbers that bytes stand for are nodes of their own.
    package let roles: [Int: Role]
    /// By node.
    package let layers: [Int: Layer]

    package init(nodes: [NetworkGraph.Node], output: Int, roles: [Int: Role], layers: [Int: Layer]) {
        (self.nodes, self.output, self.roles, self.layers) = (nodes, output, roles, layers)
    }

    /// Whether anything is of 8 bits.
    public var isRounded: Bool { !roles.isEmpty || !layers.isEmpty }

    /// The network in float32, in which a stored vector that is added to a layer's result is the layer's bias.
    ///
    /// - Throws: ``GraphError`` where it mixes the images of a batch.
    public func graph() throws -> NetworkGraph {
        let joined = try NetworkGraph(nodes: nodes, output: output).joiningBiases()
        return try NetworkGraph(nodes: joined.nodes, output: joined.output)
    }
}

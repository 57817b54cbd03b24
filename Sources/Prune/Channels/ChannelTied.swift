import Autograd
import Graph
import TensorCore

/// An operation that says how the channels of its result hang together with those of its operands, so that filters can
/// be cut on both sides of it.
///
/// An operation that does not conform keeps everything whole that it reads and gives; an ``ElementwiseOperation`` lets
/// channels through without conforming.
public protocol ChannelTied: GraphOperation {
    /// Ties the channels of a node of this operation.
    func tieChannels(_ node: inout ChannelTying)
}

/// A node of a graph whose channels are being tied.
public struct ChannelTying {
    let graph: NetworkGraph
    let index: Int
    var ties: Ties
    var roles: [String: ChannelSets.Role]

    init(_ graph: NetworkGraph, _ index: Int, _ ties: Ties, _ roles: [String: ChannelSets.Role]) {
        (self.graph, self.index, self.ties, self.roles) = (graph, index, ties, roles)
    }

    var node: NetworkGraph.Node { graph.nodes[index] }

    /// The last axis of the result.
    var result: ChannelSets.Axis { .result(index) }

    /// Extent of the last axis of the result.
    var channels: Int { node.shape.extents.last ?? 1 }

    mutating func tie(_ operation: AnyOperation) {
        switch operation.base {
        case let operation as any ChannelTied: operation.tieChannels(&self)
        case is any ElementwiseOperation: passThrough()
        default: keepWhole()
        }
    }

    /// Channel c of the result comes from channel c of each operand, and all of these are cut together.
    public mutating func passThrough() {
        guard node.tensors.isEmpty, node.sources.allSatisfy({ graph.nodes[$0].shape.last == node.shape.last }) else {
            return keepWhole()
        }
        for source in node.sources { ties.tie(result, .result(source)) }
    }

    /// Everything that the node reads and gives stays whole.
    public mutating func keepWhole() {
        ties.pin(result)
        for source in node.sources { ties.pin(.result(source)) }
        for case .tensor(let tensor, let path?) in node.operands {
            for (axis, extent) in tensor.shape.enumerated() {
                ties.declare(.tensor(path: path, axis: axis), extent)
                ties.pin(.tensor(path: path, axis: axis))
            }
        }
    }

    /// The node that the first operand is.
    var soleSource: Int? { if case .node(let source)? = node.operands.first { source } else { nil } }

    /// The path of an operand that is a parameter.
    func path(of operand: Int) -> String? {
        if case .tensor(_, let path)? = node.operands.dropFirst(operand).first { path } else { nil }
    }

    /// The last axis of the weights is the result's; the one before it is declared alone.
    mutating func tieFilters(_ path: String, rank: Int, inputs: Int, _ outputs: Int) {
        roles[path] = .weight
        ties.declare(.tensor(path: path, axis: rank - 2), inputs)
        ties.declare(.tensor(path: path, axis: rank - 1), outputs)
        ties.tie(.tensor(path: path, axis: rank - 1), result)
        // The input axis of a depthwise convolution has one place, which nothing is tied to.
        if inputs == 1 { ties.pin(.tensor(path: path, axis: rank - 2)) }
    }

    /// A tensor with one number a channel; one that is not a parameter cannot be cut, so its channels stay.
    mutating func tieVector(_ operand: Int, _ role: ChannelSets.Role) {
        guard node.operands.count > operand else { return }
        guard let path = path(of: operand) else { return ties.pin(result) }
        let axis = ChannelSets.Axis.tensor(path: path, axis: 0)
        roles[path] = role
        ties.declare(axis, channels)
        ties.tie(axis, result)
    }
}

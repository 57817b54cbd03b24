import Autograd
import Graph
import TensorCore

/// An operation that says how the channels of its result hang together with those of its operands, so that filters can
/// be cut on both sides of it.
///
/// An operation that does not conform keeps everything whole that it reads and gives; an ``ElementwiseOperation``, a
/// sum and a product let channels through without conforming.
public protocol ChannelTied: GraphOperation {
    /// Ties the channels of a node of this operation.
    func tieChannels(_ node: inout ChannelTying)
}

/// A node of a graph whose channels are being tied.
public struct ChannelTying {
    let graph: NetworkGraph
    private(set) var index = 0
    var ties = Ties()
    var roles: [String: ChannelSets.Role] = [:]
    /// For each node so far the axes that its channels are counted along.
    private(set) var axes: [ChannelAxes]

    init(_ graph: NetworkGraph) {
        self.graph = graph
        axes = Array(repeating: .last, count: graph.nodes.count)
    }

    var node: NetworkGraph.Node { graph.nodes[index] }

    /// The channels of the result.
    var result: ChannelSets.Axis { .result(index) }

    /// Extent of the last axis of the result.
    var channels: Int { node.shape.extents.last ?? 1 }

    /// Ties the channels of the next node.
    ///
    /// - Parameter movingChannels: whether channels may lie on other axes than the last.
    mutating func tieNode(_ index: Int, movingChannels: Bool) {
        self.index = index
        switch node.operation?.base {
        case nil: layOut(.last)
        case let operation as any ChannelMoving where movingChannels: operation.moveChannels(&self)
        case let operation as any ChannelTied:
            guard node.sources.allSatisfy({ axes[$0] == .last }) else { return keepWhole() }
            layOut(.last)
            operation.tieChannels(&self)
        case is any ElementwiseOperation, is AddOperation, is MultiplyOperation: passThrough()
        default: keepWhole()
        }
        guard let residual = node.residual else { return }
        if axes[residual] == axes[index] { ties.tie(result, .result(residual)) } else { keepWhole() }
    }

    /// Says along which axes the channels of the result are counted, before they are tied.
    mutating func layOut(_ own: ChannelAxes) {
        axes[index] = own
        ties.declare(result, own.extents(in: node).reduce(1, *))
    }

    /// Channel c of the result comes from channel c of each operand, and all of these are cut together.
    public mutating func passThrough() {
        guard let first = node.sources.first, node.tensors.isEmpty else { return keepWhole() }
        let own = axes[first]
        guard node.sources.allSatisfy({ axes[$0] == own && own.extents(in: graph.nodes[$0]) == own.extents(in: node) })
        else { return keepWhole() }
        layOut(own)
        for source in node.sources { ties.tie(result, .result(source)) }
    }

    /// Everything that the node reads and gives stays whole.
    public mutating func keepWhole() {
        ties.declare(result, channels)
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

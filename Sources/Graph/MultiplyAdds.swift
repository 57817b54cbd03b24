import Autograd
import TensorCore

extension NetworkGraph {
    /// Products that are summed for one image: those of convolutions and dense layers, which are all but a few.
    public var multiplyAdds: Int { nodes.reduce(0) { $0 + multiplyAdds(of: $1) } }

    /// Those of one node.
    public func multiplyAdds(of node: Node) -> Int {
        node.operation?.base.multiplyAdds(of: operandShapes(of: node)) ?? 0
    }
}

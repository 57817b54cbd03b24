import Autograd
import TensorCore

extension NetworkGraph {
    /// Products that are summed for one image: those of convolutions and dense layers, which are all but a few.
    public var multiplyAdds: Int { nodes.reduce(0) { $0 + multiplyAdds(of: $1) } }

    /// Those of one step.
    public func multiplyAdds(of node: Node) -> Int {
        switch node.operation {
        case .convolution2D(let geometry): return geometry.multiplyAdds
        case .dense:
            guard let source = node.sources.first else { return 0 }
            return nodes[source].shape.elementCount * node.shape.elementCount
        default: return 0
        }
    }
}

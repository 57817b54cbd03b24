import Autograd
import TensorCore

extension NetworkGraph {
    /// The same steps with a convolution or dense layer as two: one that has its window and stride and no bias, and
    /// behind it one that mixes channels and has its bias, residual and ReLU.
    ///
    /// Layers are called as the one was, with `.first` and `.second` behind it: `stem.weight` becomes
    /// `stem.first.weight` and `stem.second.weight`.
    ///
    /// - Parameters:
    ///   - node: of a convolution without groups, or a dense layer.
    ///   - first: [kernel height, kernel width, C, R], or [in, R].
    ///   - second: [1, 1, R, C'], or [R, out].
    public func splittingLayer(_ node: Int, first: Tensor, second: Tensor) -> NetworkGraph {
        let old = nodes[node]
        guard case .tensor(let weights, let path)? = old.operands.dropFirst().first, let rank = first.shape.last,
            let channels = weights.shape.last
        else { fatalError("splittingLayer: \(old.description) has no weights") }
        func named(_ path: String, _ half: String) -> String {
            let names = path.split(separator: ".").map(String.init)
            return (names.dropLast() + [half] + names.suffix(1)).joined(separator: ".")
        }
        let rest = Array(weights.shape.dropLast())
        var (before, behind) = (old, old)
        let expected: Shape
        if let convolution = old.operation?.as(Convolution2DOperation.self), convolution.groups == 1 {
            behind.operation = AnyOperation(Convolution2DOperation())
            expected = [1, 1, rank, channels]
        } else if old.operation?.is(DenseOperation.self) == true {
            expected = [rank, channels]
        } else {
            fatalError("splittingLayer: \(old.description) is no convolution without groups and no dense layer")
        }
        require(
            first.shape == Shape(rest + [rank]) && second.shape == expected,
            "splittingLayer: \(first.shape) and \(second.shape) for weights \(weights.shape), [..., R] and R rows expected"
        )
        before.operands = [old.operands[0], .tensor(first, path: path.map { named($0, "first") })]
        (before.residual, before.relu) = (nil, false)
        before.extents = BatchShape(image: Shape(Array(old.shape.dropLast()) + [rank]))
        behind.operands[0] = .node(node)
        behind.operands[1] = .tensor(second, path: path.map { named($0, "second") })
        // What stood at the node's place or behind it is one further on; the first half stands at its place.
        func moved(_ index: Int) -> Int { index < node ? index : index + 1 }
        var graph = self
        graph.nodes[node] = behind
        for index in graph.nodes.indices where index != node { graph.nodes[index].redirect(moved) }
        graph.nodes.insert(before, at: node)
        graph.output = moved(output)
        return graph
    }
}

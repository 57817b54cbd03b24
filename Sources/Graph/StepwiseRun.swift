import TensorCore

/// A graph that runs node by node on a batch, so that whoever changes a layer by what it reads runs the nodes before it
/// once.
///
/// Values that later nodes read are in memory for all images together.
package struct StepwiseRun<Value: Sendable> {
    private let walker: GraphWalker
    /// By blocks, as `mapImages` runs them: the same bits.
    private let images: [Tensor]
    /// By block and node.
    private var values: [[Value?]]
    /// The node that comes next.
    private var next = 0

    /// No node ran.
    ///
    /// - Parameters:
    ///   - images: the graph's input, [N, ...].
    ///   - walker: that of the graph's nodes.
    package init(_ images: Tensor, _ walker: GraphWalker) {
        self.walker = walker
        self.images = images.imageBlocks
        values = self.images.map { _ in Array(repeating: nil, count: walker.sources.count) }
    }

    /// Runs the next node on all images, on several cores.
    ///
    /// - Parameter evaluate: the node's value for a block of images; its second argument gives the value of a node that
    ///   it reads.
    package mutating func runNext(_ evaluate: @Sendable (_ images: Tensor, _ value: (Int) -> Value) -> Value) {
        let (images, values) = (images, values)
        let results = mapBlocks(images.count) { block in
            evaluate(images[block]) { Self.value(of: $0, in: values[block]) }
        }
        for (block, result) in results.enumerated() {
            self.values[block][next] = result
            for source in walker.lastReads[next] { self.values[block][source] = nil }
        }
        next += 1
    }

    /// The values of a node that ran and that a later one reads, block by block.
    package func values(of node: Int) -> [Value] { values.map { Self.value(of: node, in: $0) } }

    private static func value(of node: Int, in values: [Value?]) -> Value {
        guard let value = values[node] else { fatalError("StepwiseRun: node \(node) is read and has no value") }
        return value
    }
}

extension StepwiseRun<Tensor> {
    /// The result of a node that ran and that a later one reads, for all images.
    package func result(of node: Int) -> Tensor { .concatenated(values(of: node), axis: 0) }
}

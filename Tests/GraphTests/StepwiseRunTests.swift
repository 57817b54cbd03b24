import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@Suite struct StepwiseRunTests {
    @Test("Node by node over a batch, every node reads the bits that it reads when the network runs at once")
    func sameBits() throws {
        let graph = try NetworkGraph(
            tracing: ResNet(depth: 8, channels: 3, classes: 4, seed: 1), inputShape: [8, 8, 3])
        // One block and a part of another.
        let images = smoothImages(11, side: 8, channels: 3, seed: 2)
        let plan = try InferencePlan(graph)
        var run = StepwiseRun<Tensor>(images, GraphWalker(graph))
        for (index, node) in graph.nodes.enumerated() {
            for source in node.sources {
                let expected = mapImages(images) { images in
                    var found = images
                    _ = plan.run(images) { if $0 == source { found = $1 } }
                    return found
                }
                #expect(run.result(of: source).isBitIdentical(to: expected), "node \(source)")
            }
            let prepared = PreparedNode(index, of: graph)
            run.runNext { prepared($0, $1) }
        }
        #expect(run.result(of: graph.output).isBitIdentical(to: plan(images)))
    }
}

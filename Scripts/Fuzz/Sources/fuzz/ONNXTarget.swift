import Foundation
import ONNX
import Retort

/// ONNX models: read, made a graph, and computed on one image where that costs little.
struct ONNXTarget: FuzzTarget {
    let name = "onnx"

    func seeds() throws -> [Data] {
        try ["convnet-2", "mlp-3"].map { name in
            let network = try NetworkRegistry.standard.makeNetwork(
                named: name, inputShape: [8, 8, 3], classes: 3, seed: 1)
            let graph = try NetworkGraph(tracing: network, inputShape: [8, 8, 3])
            return try ONNXExport(graph).data()
        }
    }

    func read(_ input: Data) throws {
        let limits = GraphLimits(operations: 1e8, activationBytes: 1 << 26)
        let model = try ONNXModel(input, name: "input", limits: limits)
        _ = model.unreadOperators
        let graph = try model.graph()
        _ = try InferencePlan(graph)(.zeros(Shape([2] + graph.inputShape.extents)))
    }
}

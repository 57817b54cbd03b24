import Foundation
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import ONNX

@Suite("Networks of torchvision and timm as files")
struct NetworkFileTests {
    @Test(
        "Written and read again they compute what PyTorch computes with the same weights",
        arguments: [
            "resnet18", "resnet34", "resnet50", "mobilenetv2-0.5", "mobilenetv3-small", "mobilenetv3-large-0.75",
            "efficientnet-lite0", "shufflenetv2-0.5", "vit-tiny",
        ])
    func logits(_ name: String) throws {
        // Not what our own network computes: an error that export and import share would be in both.
        let golden = try NetworkGolden(name)
        let shape: Shape = [golden.height, golden.width, 3]
        var module = AnyModule(
            try NetworkRegistry.standard.makeNetwork(named: name, inputShape: shape, classes: 10, seed: 1))
        #expect(try module.loadPublished(golden.file).isEmpty)
        let graph = try NetworkGraph(tracing: module.base, inputShape: shape)
        let read = try ONNXModel(ONNXExport(graph).data(), name: name).graph()
        let logits = try InferencePlan(read.foldingBatchNorm().fusingActivations())(golden.batch)
        #expect(relativeDistance(logits.scalars.map(Double.init), golden.evaluation) < 1e-4)
    }
}

// What the pages show of ONNX; that it compiles is the test.
import Foundation
import ONNX
import Retort

private func teacherFromElsewhere() throws -> TracedNetwork {
    let model = try ONNXModel(contentsOf: URL(filePath: "teacher.onnx"))
    let teacher = try TracedNetwork(model.graph())
    return teacher
}

private func out(_ graph: NetworkGraph) throws {
    try ONNXExport(graph).write(to: URL(filePath: "student.onnx"))
}

private func quantized(_ url: URL) throws -> QuantizedModel {
    let int8 = try QuantizedModel(ONNXModel(contentsOf: url).roundedGraph())
    return int8
}

private func quantized(_ model: ONNXModel) throws -> QuantizedModel {
    let int8 = try QuantizedModel(model.roundedGraph())
    return int8
}

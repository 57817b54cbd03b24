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

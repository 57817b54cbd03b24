import Foundation
import Graph
import TensorCore
import Testing

@testable import ONNX

/// The test models of the ONNX project, which Debian's package libonnx-testdata brings: 1,072 models, each with inputs
/// and the outputs that its reference implementation gave.
enum BackendSuite {
    /// Where the package puts them, unless RETORT_ONNX_SUITE names another folder.
    static let folder = URL(
        filePath: ProcessInfo.processInfo.environment["RETORT_ONNX_SUITE"] ?? "/usr/share/libonnx-testdata/data")

    static var isThere: Bool { FileManager.default.fileExists(atPath: folder.path) }

    /// The names of the models in a part of the suite, sorted.
    static func models(in part: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: part).path).sorted()
    }

    /// What came of a model.
    enum Outcome: Equatable {
        case passed
        /// It is not read, and why.
        case refused(String)
        /// It gave something else.
        case wrong(String)
    }

    /// The folders of a model's inputs and expected outputs.
    private static func dataSets(in folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { $0.hasPrefix("test_data_set") }.map { folder.appending(path: $0) }
    }

    /// Runs a model on all of its inputs.
    static func outcome(_ part: String, _ name: String) -> Outcome {
        let folder = folder.appending(path: part).appending(path: name)
        do {
            let model = try ONNXModel(contentsOf: folder.appending(path: "model.onnx"))
            for data in try dataSets(in: folder) {
                var inputs: [String: ONNXTensor] = [:]
                for (place, argument) in model.inputs.enumerated() {
                    inputs[argument.name] = try ONNXTensor(contentsOf: data.appending(path: "input_\(place).pb"))
                }
                let results = try model.run(inputs)
                for (place, argument) in model.outputs.enumerated() {
                    let expected = try ONNXTensor(contentsOf: data.appending(path: "output_\(place).pb"))
                    guard let result = results[argument.name] else { return .wrong("no output \(argument.name)") }
                    if let difference = difference(result, expected) {
                        return .wrong("\(argument.name): \(difference)")
                    }
                }
            }
            return .passed
        } catch { return .refused("\(error)") }
    }

    /// What a graph of a model, for any batch size, makes of all of its inputs.
    ///
    /// - Returns: nil where the model's inputs are anything else than one batch of images.
    static func outcomeOfGraph(_ part: String, _ name: String) -> Outcome? {
        let folder = folder.appending(path: part).appending(path: name)
        do {
            let stored = try ONNXModel(contentsOf: folder.appending(path: "model.onnx"))
            guard stored.inputs.count == 1, stored.inputs[0].extents?.count == 4 else { return nil }
            var message = stored.file.message
            for place in message.graph.input.indices where message.graph.input[place].name == stored.inputs[0].name {
                message.graph.input[place].type.tensorType.shape.dim[0].dimParam = "N"
            }
            let model = try ONNXModel(message.serializedBytes(), name: name)
            let graph = try model.graph()
            let plan = try InferencePlan(graph)
            for data in try dataSets(in: folder) {
                let images = try ONNXTensor(contentsOf: data.appending(path: "input_0.pb")).tensor
                let expected = try ONNXTensor(contentsOf: data.appending(path: "output_0.pb"))
                let turned = images.transposed([0, 2, 3, 1])
                // One or three places at the end are taken for channels.
                let isTurned = graph.inputShape.extents == Array(turned.shape.dropFirst())
                let result = ONNXTensor(plan(isTurned ? turned : images))
                if let difference = difference(result, expected) { return .wrong(difference) }
            }
            return .passed
        } catch { return .refused("\(error)") }
    }

    /// What is wrong with a result; nil if it is right within the suite's own tolerances (10⁻³, 10⁻⁷).
    private static func difference(_ result: ONNXTensor, _ expected: ONNXTensor) -> String? {
        guard result.shape == expected.shape, result.type == expected.type else {
            return "\(result.type) of \(result.shape), \(expected.type) of \(expected.shape) expected"
        }
        if let integers = expected.integers {
            return result.integers == integers ? nil : "other integers"
        }
        for (place, (value, right)) in zip(result.tensor.scalars, expected.tensor.scalars).enumerated() {
            if value == right || value.isNaN && right.isNaN { continue }
            guard abs(value - right) <= 1e-7 + 1e-3 * abs(right) else {
                return "\(value) at \(place), \(right) expected"
            }
        }
        return nil
    }
}

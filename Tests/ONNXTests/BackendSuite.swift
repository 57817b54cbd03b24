import Foundation
import ONNX
import TensorCore
import Testing

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

    /// Runs a model on all of its inputs.
    static func outcome(_ part: String, _ name: String) -> Outcome {
        let folder = folder.appending(path: part).appending(path: name)
        do {
            let model = try ONNXModel(contentsOf: folder.appending(path: "model.onnx"))
            for set in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            where set.hasPrefix("test_data_set") {
                let data = folder.appending(path: set)
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

import ArgumentParser
import Foundation
import ONNX
import Retort

/// `retort run`.
struct RunCommand: ParsableCommand, FileOptions {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Computes a model on tensors from files, to compare it with another runtime.",
        discussion: """
            Tensors are NPY files in the model's own layout: [N, C, H, W] in most ONNX models, [N, H, W, C] in models of \
            Retort, whose input is called image and whose output logits. They go in as they are: nothing is normalised.
            """)

    @Argument(help: "Model, FP32 or INT8, or an ONNX file.")
    var model: String

    @Option(
        help: ArgumentHelp(
            "A tensor for an input; the name may be left out where there is one input.",
            valueName: "[NAME=]FILE.npy"))
    var input: [String]

    @Option(help: ArgumentHelp("Folder for the outputs, NAME.npy each.", valueName: "DIR"))
    var output: String

    @OptionGroup var common: CommonOptions

    private var outputURL: URL { URL(fileURLWithPath: output, isDirectory: true) }

    /// Names, where they are given, and files.
    private var inputs: [(name: String?, file: String)] {
        input.map { text in
            // A name of a tensor may hold colons and slashes, a file's any character.
            guard !FileManager.default.fileExists(atPath: text), let mark = text.firstIndex(of: "=") else {
                return (nil, text)
            }
            return (String(text[..<mark]), String(text[text.index(after: mark)...]))
        }
    }

    var files: [NamedFile] {
        [NamedFile("<model>", model, .read), NamedFile("--output", output, .folder(files: []))]
            + inputs.map { NamedFile("--input", $0.file, .read) }
    }

    func run() throws {
        common.apply()
        let runner = try ModelRunner(URL(fileURLWithPath: model))
        var tensors: [String: ONNXTensor] = [:]
        for (name, file) in inputs {
            let known = "\(runner.inputs.count == 1 ? "input is" : "inputs are") \(runner.inputs.inWords)"
            guard let name = name ?? (runner.inputs.count == 1 ? runner.inputs[0] : nil) else {
                throw ConfigurationError(
                    ["input"], "\(file) is for none of the inputs; write NAME=\(file), the model's \(known)")
            }
            guard runner.inputs.contains(name) else {
                throw ConfigurationError(["input"], "the model has no input '\(name)'; its \(known)")
            }
            guard !file.isEmpty else {
                throw ConfigurationError(["input"], "'\(name)=' names no file; write \(name)=FILE.npy")
            }
            let tensor = try runner.tensor(from: URL(fileURLWithPath: file), for: name)
            guard tensors.updateValue(tensor, forKey: name) == nil else {
                throw ConfigurationError(["input"], "\(name) is given twice; give one tensor for each input")
            }
        }
        let results = try runner.run(tensors)
        try OutputFile.prepareFolder(outputURL)
        for (name, tensor) in results {
            try AtomicFile.write(tensor.npy, to: outputURL.appendingPathComponent(Self.fileName(name) + ".npy"))
        }
        try RunResult(
            model: model,
            outputs: results.map {
                .init(
                    name: $0.name, file: Self.fileName($0.name) + ".npy", type: "\($0.tensor.type)",
                    shape: $0.tensor.shape.extents)
            }
        ).show(asJSON: common.json)
    }

    /// A tensor's name as a file's.
    private static func fileName(_ name: String) -> String {
        String(name.map { $0.isLetter || $0.isNumber || "-_.".contains($0) ? $0 : "_" })
    }
}

/// What `run` prints.
private struct RunResult: CommandResult {
    struct Output: Encodable {
        let name, file, type: String
        let shape: [Int]
    }

    let model: String
    let outputs: [Output]

    var text: String {
        outputs.map { "\($0.name.shown): \($0.type) of \($0.shape) in \($0.file)" }.joined(separator: "\n")
    }
}

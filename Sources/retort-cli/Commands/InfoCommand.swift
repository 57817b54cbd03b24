import ArgumentParser
import Foundation
import ONNX
import Retort

/// `retort info`.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Describes a model or, without one, this program and the processor.")

    @Argument(help: "Model, FP32 or INT8, or an ONNX file.")
    var model: String?

    @OptionGroup var importing: ImportOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        common.apply()
        if let model { try importing.checkEffect(on: [model]) }
        if let model, try ONNXModel.isONNX(URL(fileURLWithPath: model)) {
            try ONNXSummary(URL(fileURLWithPath: model), imageSize: importing.size).show(asJSON: common.json)
        } else if let model {
            try ModelSummary(StoredModel(URL(fileURLWithPath: model)), name: model).show(asJSON: common.json)
        } else {
            try ProgramInfo().show(asJSON: common.json)
        }
    }
}

/// What there is to compute with.
private struct ProgramInfo: CommandResult {
    let version = RetortCommand.configuration.version
    /// What the kernels use, and the most that the processor offers.
    let simd = SIMDLevel.active.description
    let simdDetected = SIMDLevel.detected.description
    let threads = Parallel.threads
    let blas = BLAS.configuration
    let blasCore = BLAS.core

    var text: String {
        """
        retort   \(version)
        SIMD     \(simd)\(simd == simdDetected ? "" : " (the processor has \(simdDetected))")
        threads  \(threads)
        BLAS     \(blas) (kernels for \(blasCore))
        """
    }
}

/// What `info` prints of an ONNX file.
extension ONNXSummary: CommandResult {
    var text: String {
        let lists = operators.map { "\($0.name) \($0.count)\($0.isRead ? "" : " (not read)")" }
        let version = operatorSet.map { ", operator set \($0)" } ?? ""
        let cost: String
        if let refusal {
            let isComputed = operators.allSatisfy(\.isRead)
            cost =
                (isComputed
                    ? "`retort run` computes it. Other commands do not take it as it is"
                    : "It cannot be computed") + ":\n\(refusal)"
        } else {
            cost = """
                \(grouped(parameters ?? 0)) parameters, \(grouped(multiplyAdds ?? 0)) multiply-adds; activations of one \
                image take up to \(grouped(peakActivationBytes ?? 0)) bytes\(integers.map { "\n\($0.text)" } ?? "")
                """
        }
        return """
            \(model): ONNX\(version), \(grouped(bytes)) bytes\(producer.isEmpty ? "" : ", by \(producer.shown)")
            inputs     \(inputs.map(\.shown).joined(separator: "; "))
            outputs    \(outputs.map(\.shown).joined(separator: "; "))
            operators  \(lists.joined(separator: ", "))
            \(cost)
            """
    }
}

extension ONNXSummary.Integers {
    fileprivate var text: String {
        if let refusal { return "INT8, computed in FP32, since it has no integer form (\(refusal.shown))" }
        return floatNodes.isEmpty
            ? "INT8, computed in integers" : "INT8, computed in integers but for \(floatNodes.joined(separator: ", "))"
    }
}

/// What `info` prints of a model.
extension ModelSummary: CommandResult {
    var text: String {
        """
        \(model): \(architecture), \(isQuantized ? "INT8" : "FP32"), \(grouped(bytes)) bytes, \
        \(grouped(parameters)) parameters, \(grouped(multiplyAdds)) multiply-adds
        memory   activations of one image take up to \(grouped(peakActivationBytes)) bytes
        images   \(image), mean \(mean), standard deviation \(deviation)
        classes  \(classes.map(\.shown).joined(separator: ", "))
        held out \(heldOut.map { "\($0.words), where images come from a folder" } ?? "nobody knows which images")

        \(TextTable(rows: [isQuantized ? Node.integerHeader : Node.header] + nodes.map { $0.cells(isQuantized) }))
        """
    }
}

extension ModelSummary.Node {
    static let header = ["node", "from", "result", "multiply-adds", "parameters", "bytes"]
    static let integerHeader = header + ["type", "weights' scales", "result's scale", "zero"]

    func cells(_ withScales: Bool) -> [String] {
        func number(_ count: Int) -> String { count == 0 ? "" : grouped(count) }
        let cells = [
            operation, path ?? "", shape.map(String.init).joined(separator: "×"), number(multiplyAdds),
            number(parameters), number(bytes),
        ]
        guard withScales else { return cells }
        return cells + [
            type, weightScales.map { $0.map(significant).joined(separator: " … ") } ?? "",
            scale.map(significant) ?? "", zeroPoint.map { "\($0)" } ?? "",
        ]
    }
}

/// Three digits of a number of any size.
private func significant(_ value: Float) -> String { String(format: "%.3g", Double(value)) }

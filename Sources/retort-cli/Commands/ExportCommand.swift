import ArgumentParser
import Foundation
import ONNX
import Retort

/// `retort export`.
struct ExportCommand: ParsableCommand, FileOptions, WholeNumberOptions {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a model for other programs: ONNX for other runtimes, C99 for small devices.",
        discussion: """
            ONNX takes models in FP32 and in INT8 (QuantizeLinear and DequantizeLinear around each step). C takes models \
            in INT8; it needs no library and allocates nothing, and what it computes is the model to the last bit. What \
            the model computes in FP32, such as a layer normalisation, needs libm and differs in the last bits.
            """)

    @Argument(help: "Model, FP32 or INT8, or an ONNX file.")
    var model: String

    @OptionGroup var importing: ImportOptions
    @OptionGroup var common: CommonOptions

    @Option(help: ArgumentHelp("File for the ONNX model.", valueName: "FILE.onnx"))
    var onnx: String?

    @Option(help: ArgumentHelp("Operator set of the ONNX model, 13 to 17.", valueName: "VERSION"))
    var operatorSet = 13

    @Option(
        help: ArgumentHelp(
            "File for the C; the header goes beside it. Its name begins the names in it.", valueName: "FILE.c"))
    var c: String?

    func validate() throws {
        guard c != nil || onnx != nil else {
            throw ValidationError("give --onnx FILE or --c FILE, or both")
        }
        guard let c, let source = CFiles(c) else { return }
        guard source.url.pathExtension == "c", CExport.isIdentifier(source.name) else {
            throw ValidationError(
                "--c: \(c) found, a name ending in .c expected, of letters, digits and _ before that, a letter first")
        }
    }

    static let wholeNumbers = ["operator-set": WholeNumber.Range(ONNXExport.operatorSets)]

    var files: [NamedFile] {
        let source = c.flatMap { CFiles($0) }
        return [NamedFile("<model>", model, .read)]
            + (onnx.map { [NamedFile("--onnx", $0, .written)] } ?? [])
            + (source.map {
                [
                    NamedFile("--c", $0.url.relativePath, .written),
                    NamedFile("the header of --c", $0.header.relativePath, .written),
                ]
            } ?? [])
    }

    /// The file for C and its header.
    private struct CFiles {
        let url: URL
        init?(_ path: String?) {
            guard let path else { return nil }
            url = URL(fileURLWithPath: path)
        }
        var header: URL { url.deletingPathExtension().appendingPathExtension("h") }
        var name: String { url.deletingPathExtension().lastPathComponent }
    }

    func run() throws {
        common.apply()
        let stored = try importing.open(model)
        var result = ExportResult(model: model)
        let export = try CFiles(c).map { try (files: $0, code: code(of: stored, $0.name)) }
        if let onnx {
            let data = try stored.onnx(operatorSet: operatorSet).data()
            try AtomicFile.write(data, to: URL(fileURLWithPath: onnx))
            (result.onnx, result.onnxBytes) = (onnx, data.count)
        }
        if let export {
            // Together, as neither is of use with an older one of the other.
            try AtomicFile.write([
                (Data(export.code.header.utf8), export.files.header), (Data(export.code.source.utf8), export.files.url),
            ])
            (result.source, result.header) = (c, export.files.header.lastPathComponent)
            (result.constantBytes, result.staticBytes) = (export.code.constantBytes, export.code.staticBytes)
        }
        try result.show(asJSON: common.json)
    }

    private func code(of stored: StoredModel, _ name: String) throws -> CExport {
        if let refusal = stored.integerRefusal {
            throw FormatError(
                file: model, problem: "INT8 that cannot be written as C, since it has no integer form (\(refusal))",
                advice: "if Retort wrote the file, give the .safetensors file that it was made from")
        }
        guard case .int8(let network) = stored.network else {
            throw FormatError(
                file: model, found: "a model in FP32", expected: "one in INT8", advice: "`retort quantize` makes it")
        }
        let normalization = stored.description.normalization
        let comment = """

             * An input is (pixel / 255 - mean) / deviation, mean \(normalization.mean), deviation \
            \(normalization.deviation), \(stored.imageSize).
            """
        return try CExport(network, name: name, comment: comment)
    }
}

/// What `export` prints.
private struct ExportResult: CommandResult {
    let model: String
    var onnx: String?
    /// The size of the ONNX file.
    var onnxBytes: Int?
    var source, header: String?
    /// Of weights, biases, multipliers and tables.
    var constantBytes: Int?
    /// That results of steps share.
    var staticBytes: Int?

    init(model: String) { self.model = model }

    var text: String {
        var lines: [String] = []
        if let onnx { lines.append("\(model) as ONNX in \(onnx): \(onnxBytes ?? 0) bytes") }
        if let source, let header {
            lines.append(
                """
                \(model) as C in \(source) and \(header): \(constantBytes ?? 0) bytes of constants, \
                \(staticBytes ?? 0) of static memory
                """)
        }
        return lines.joined(separator: "\n")
    }
}

import ArgumentParser
import Foundation
import Retort

/// `retort export`.
struct ExportCommand: ParsableCommand, FileOptions {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Writes an INT8 model as C11 for a small device: one file and its header.",
        discussion: "The C needs no library and allocates nothing; what it computes is the model to the last bit.")

    @Argument(help: "Model in INT8.")
    var model: String

    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            "File for the C; the header goes beside it. Its name begins the names in it.", valueName: "FILE.c"))
    var c: String

    func validate() throws {
        guard sourceURL.pathExtension == "c", CExport.isIdentifier(name) else {
            throw ValidationError(
                "--c: \(c) found, a name ending in .c expected, of letters, digits and _ before that, a letter first")
        }
    }

    var files: [NamedFile] {
        [
            NamedFile("<model>", model, .read), NamedFile("--c", c, .written),
            NamedFile("the header of --c", headerURL.relativePath, .written),
        ]
    }

    private var sourceURL: URL { URL(fileURLWithPath: c) }
    private var headerURL: URL { sourceURL.deletingPathExtension().appendingPathExtension("h") }
    private var name: String { sourceURL.deletingPathExtension().lastPathComponent }

    func run() throws {
        common.apply()
        let stored = try StoredModel(URL(fileURLWithPath: model))
        guard case .int8(let network) = stored.network else {
            throw FormatError(
                file: stored.url.relativePath, found: "a model in FP32", expected: "one in INT8 (`retort quantize`)")
        }
        let normalization = stored.description.normalization
        let comment = """

             * An input is (pixel / 255 - mean) / deviation, mean \(normalization.mean), deviation \
            \(normalization.deviation), \(stored.imageSize).
            """
        let export = try CExport(network, name: name, comment: comment)
        // Together, as neither is of use with an older one of the other.
        try AtomicFile.write([(Data(export.header.utf8), headerURL), (Data(export.source.utf8), sourceURL)])
        try ExportResult(
            model: model, source: c, header: headerURL.lastPathComponent, constantBytes: export.constantBytes,
            staticBytes: export.staticBytes
        ).show(asJSON: common.json)
    }
}

/// What `export` prints.
private struct ExportResult: CommandResult {
    let model, source, header: String
    /// Of weights, biases, multipliers and tables.
    let constantBytes: Int
    /// That results of steps share.
    let staticBytes: Int

    var text: String {
        "\(model) as C in \(source) and \(header): \(constantBytes) bytes of constants, \(staticBytes) of static memory"
    }
}

import ArgumentParser
import Foundation
import Retort

/// What `quantize` and `prune` take alike: a model, the images that it is measured on, and where results go.
struct DeploymentOptions: ParsableArguments, FileOptions {
    @Argument(help: "Model in FP32, or an ONNX file.")
    var model: String

    @OptionGroup var data: DataOptions
    @OptionGroup var importing: ImportOptions

    @Option(help: ArgumentHelp("Folder for a page and a file of all figures.", valueName: "DIR"))
    var report: String?

    @Option(help: ArgumentHelp("File for the new model.", valueName: "FILE.safetensors"))
    var output: String

    var outputURL: URL { URL(fileURLWithPath: output) }

    private var reportURL: URL? { report.map { URL(fileURLWithPath: $0, isDirectory: true) } }

    var files: [NamedFile] {
        [NamedFile("<model>", model, .read), NamedFile("--output", output, .written)]
            + (report.map { [NamedFile("--report", $0, .folder(files: DeploymentPage.files))] } ?? [])
    }

    /// Reads the model and the images.
    func open() throws -> (stored: StoredModel, network: any Module, data: DividedData) {
        let stored = try importing.open(model)
        let network = try stored.unquantized()
        return (stored, network, try data.read(for: stored))
    }

    /// Prints a report, and writes its page where one is asked for.
    func show(_ result: DeploymentReport, asJSON: Bool) throws {
        if let reportURL { try DeploymentPage(report: result).write(to: reportURL) }
        try result.show(asJSON: asJSON)
    }
}

import ArgumentParser
import Foundation
import Retort

/// `retort info`.
struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Describes a model or, without one, this program and the processor.")

    @Argument(help: "Model, FP32 or INT8.")
    var model: String?

    @OptionGroup var common: CommonOptions

    func run() throws {
        common.apply()
        if let model {
            try ModelInfo(StoredModel(model), name: model).show(asJSON: common.json)
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

    var description: String {
        """
        retort   \(version)
        SIMD     \(simd)\(simd == simdDetected ? "" : " (the processor has \(simdDetected))")
        threads  \(threads)
        BLAS     \(blas) (kernels for \(blasCore))
        """
    }
}

/// What a model file holds.
private struct ModelInfo: CommandResult {
    struct Array: Encodable {
        let name, type: String
        let shape: [Int]
    }

    let model, architecture, image: String
    let isQuantized: Bool
    let bytes: Int
    /// Numbers that were learnt; a quantised model has its normalisations in the weights and biases of other layers.
    let parameters: Int
    /// The most that the results of its steps take together while one image goes through.
    let peakActivationBytes: Int
    let classes: [String]
    let mean, deviation: [Float]
    /// All that the file holds, by name.
    let arrays: [Array]

    init(_ stored: StoredModel, name: String) throws {
        let entries = try SafetensorsFile.read(stored.url).entries
        model = name
        architecture = stored.description.architecture.name
        image = stored.imageSize.description
        bytes = try OutputFile.size(stored.url)
        classes = stored.description.classNames
        mean = stored.description.normalization.mean
        deviation = stored.description.normalization.deviation
        arrays = entries.sorted { $0.key < $1.key }.map {
            Array(name: $0.key, type: $0.value.dataType.rawValue, shape: $0.value.shape.extents)
        }
        switch stored.network {
        case .float(let module):
            (parameters, isQuantized) = (module.parameterCount, false)
            let size = stored.imageSize
            let graph = try NetworkGraph(tracing: module, inputShape: [size.height, size.width, size.channels])
            peakActivationBytes = try InferencePlan(graph.foldingBatchNorm().fusingActivations()).peakActivationBytes
        case .int8(let model):
            peakActivationBytes = model.peakActivationBytes
            let learnt = entries.values.filter { [.int8, .int32].contains($0.dataType) }
            (parameters, isQuantized) = (learnt.reduce(0) { $0 + $1.shape.elementCount }, true)
        }
    }

    var description: String {
        let width = arrays.map(\.name.count).max() ?? 0
        let lines = arrays.map {
            "  \($0.name.padding(toLength: width, withPad: " ", startingAt: 0))  \($0.type)  \($0.shape)"
        }
        return """
            \(model): \(architecture), \(isQuantized ? "INT8" : "FP32"), \(bytes) bytes, \(parameters) parameters
            memory   activations of one image take up to \(peakActivationBytes) bytes
            images   \(image), mean \(mean), deviation \(deviation)
            classes  \(classes.joined(separator: ", "))
            \(lines.joined(separator: "\n"))
            """
    }
}

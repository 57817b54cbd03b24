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
    struct Layer: Encodable {
        let path: String
        let shape: [Int]
    }

    let model, architecture, image: String
    let isQuantized: Bool
    let bytes: Int
    let parameters: Int
    let classes: [String]
    let mean, deviation: [Float]
    /// What is learnt and kept, by path; of a quantised model, of the network that it was made of.
    let layers: [Layer]

    init(_ stored: StoredModel, name: String) throws {
        model = name
        architecture = stored.description.architecture.name
        image = stored.imageSize.description
        bytes = try OutputFile.size(stored.url)
        classes = stored.description.classNames
        mean = stored.description.normalization.mean
        deviation = stored.description.normalization.deviation
        let network: any Module
        switch stored.network {
        case .float(let module): (network, isQuantized) = (module, false)
        case .int8: (network, isQuantized) = (stored.description.architecture.makeNetwork(seed: 0), true)
        }
        parameters = network.parameterCount
        layers = network.parameters.map { Layer(path: $0.path, shape: $0.parameter.value.shape.extents) }
    }

    var description: String {
        let width = layers.map(\.path.count).max() ?? 0
        let lines = layers.map { "  \($0.path.padding(toLength: width, withPad: " ", startingAt: 0))  \($0.shape)" }
        return """
            \(model): \(architecture), \(isQuantized ? "INT8" : "FP32"), \(bytes) bytes, \(parameters) parameters
            images   \(image), mean \(mean), deviation \(deviation)
            classes  \(classes.joined(separator: ", "))
            \(lines.joined(separator: "\n"))
            """
    }
}

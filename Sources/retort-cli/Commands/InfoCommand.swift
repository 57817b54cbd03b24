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

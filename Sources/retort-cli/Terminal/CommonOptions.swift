import ArgumentParser
import Retort

/// What every command takes.
struct CommonOptions: ParsableArguments, CheckedOptions, WholeNumberOptions {
    @Option(help: "What every random draw depends on.")
    var seed: UInt64 = 0

    @Option(help: "Threads that compute at once; the result does not depend on it. (default: all cores)")
    var threads: Int?

    @Flag(help: "Print the result as JSON.")
    var json = false

    static let wholeNumbers = ["threads": WholeNumber.Range(1...1024)]

    /// - Throws: `MachineError` where there is no room to compute in.
    func check() throws { try BLAS.prepare(threads: threads ?? Parallel.threads) }

    /// Makes the number of threads hold for the whole process.
    func apply() { if let threads { Parallel.threads = threads } }
}

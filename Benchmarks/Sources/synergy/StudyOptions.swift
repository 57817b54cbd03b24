import ArgumentParser
import Foundation
import Retort

/// What both steps of the study take.
struct StudyOptions: ParsableArguments {
    @Option(help: "What every random draw depends on.")
    var seed: UInt64 = 0

    @Option(help: "Threads that compute at once; the result does not depend on it. (default: all cores)")
    var threads: Int?

    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws { if let threads { try check("threads", threads, 1...1024) } }

    /// Makes the number of threads hold for the whole process.
    func apply() { if let threads { Parallel.threads = threads } }

    /// Prints a result.
    func show(_ result: some Encodable & CustomStringConvertible) throws {
        print(json ? try jsonText(result) : result.description)
    }
}

/// Refuses an option's value outside its range, as wrong usage.
func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
    guard range.contains(value) else {
        throw ValidationError("--\(name): \(value) found, \(range.lowerBound) to \(range.upperBound) expected")
    }
}

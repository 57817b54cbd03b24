import ArgumentParser
import Foundation
import Retort

extension Interruption {
    /// Runs a training that asks ``hasCome()`` after its steps, and says where one that was stopped goes on.
    ///
    /// - Parameters:
    ///   - images: those of the run, which goes on with the files that were there at its beginning.
    ///   - otherwise: what to say of a run without a checkpoint.
    /// - Throws: `ExitCode` 128 and the signal's number, as shells have it, when the run was stopped: 130 for Ctrl-C.
    static func telling<Result>(
        of images: TrainingData,
        otherwise: String = "nothing was kept; with --checkpoint FILE the same command would go on from there",
        _ body: () throws -> Result
    ) throws -> Result {
        do { return try watching(body) } catch TrainingError.stopped(let step, let checkpoint) {
            let lost = images.lostFiles
            let again = "\(lost.firstInWords) \(lost.count == 1 ? "is" : "are") there again"
            let condition = lost.isEmpty ? "" : ", once \(again)"
            let advice = checkpoint.map { "the same command goes on from \($0)\(condition)" } ?? otherwise
            StandardStream.say("stopped after step \(step); \(advice)")
            throw ExitCode(128 + (last ?? SIGINT))
        }
    }
}

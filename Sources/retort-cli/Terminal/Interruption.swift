import ArgumentParser
import Foundation
import Retort
import Synchronization

/// Ctrl-C and `kill`: the first lets the run finish its step and write its state, a second one ends the process at
/// once.
enum Interruption {
    private static let signal = Mutex<Int32?>(nil)

    /// Whether one came.
    @Sendable static func hasCome() -> Bool { signal.withLock { $0 != nil } }

    /// Runs a training that asks ``hasCome()`` after its steps.
    ///
    /// - Throws: `ExitCode` 128 and the signal's number, as shells have it, when the run was stopped: 130 for Ctrl-C.
    static func watching<Result>(_ body: () throws -> Result) throws -> Result {
        let sources = [SIGINT, SIGTERM].map { number in
            Foundation.signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                let isSecond = signal.withLock { came in
                    defer { came = number }
                    return came != nil
                }
                if isSecond { _exit(128 + number) }
            }
            source.resume()
            return source
        }
        defer { for source in sources { source.cancel() } }
        do { return try body() } catch TrainingError.stopped(let step, let checkpoint) {
            let advice =
                checkpoint.map { "the same command goes on from \($0)" }
                ?? "nothing was kept; with --checkpoint FILE the same command would go on from there"
            FileHandle.standardError.write(Data("stopped after step \(step); \(advice)\n".utf8))
            throw ExitCode(128 + (signal.withLock { $0 } ?? SIGINT))
        }
    }
}

import Foundation
import Synchronization

/// Ctrl-C and `kill`: the first lets a run finish its step and write its state, a second one ends the process at once,
/// and so does the first before a step was done, when there is nothing to keep.
package enum Interruption {
    private struct State {
        var last: Int32?
        /// What to say of one that comes before a step was done.
        var beforeSteps = "stopped before a step was done"
        /// How often a training asked: it does before its first step, and after each.
        var questions = 0
        /// Whether somebody watches the run, who is told what it starts from.
        var isWatched = false
    }

    private static let state = Mutex(State())

    /// The last one that came.
    package static var last: Int32? { state.withLock { $0.last } }

    /// Whether one came; a training asks before its first step and after each.
    @Sendable package static func hasCome() -> Bool {
        state.withLock {
            $0.questions += 1
            return $0.last != nil
        }
    }

    /// Says what a training starts from, so that it can be told where it is stopped before its first step.
    ///
    /// - Parameters:
    ///   - step: steps that were done by an earlier process.
    ///   - all: the steps of the run.
    ///   - checkpoint: the file that holds the state after them; nil where there is none.
    static func beginSteps(after step: Int, of all: Int, from checkpoint: String?) {
        let isWatched = state.withLock {
            $0.beforeSteps =
                checkpoint.map { "stopped before another step; the same command goes on from \($0) after step \(step)" }
                ?? "stopped before the first step was done; nothing was kept"
            return $0.isWatched
        }
        guard isWatched, let checkpoint else { return }
        ProgressBar.say(
            step < all
                ? "going on from \(checkpoint) after step \(step) of \(all)"
                : "\(checkpoint) holds the finished run (\(all.counted("step"))): nothing is trained")
    }

    /// Runs the closure, in which a step that has begun is not cut off.
    package static func watching<Result>(_ body: () throws -> Result) rethrows -> Result {
        let sources = [SIGINT, SIGTERM].map { number in
            Foundation.signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { came(number) }
            // Until it is registered, a signal would be lost.
            let isRegistered = DispatchSemaphore(value: 0)
            source.setRegistrationHandler { isRegistered.signal() }
            source.resume()
            isRegistered.wait()
            return source
        }
        state.withLock { $0.isWatched = true }
        defer {
            state.withLock { $0.isWatched = false }
            for source in sources { source.cancel() }
        }
        return try body()
    }

    private static func came(_ number: Int32) {
        // Said before the run can know: it may end at once, and what it says then comes last.
        state.withLock { state in
            guard state.last == nil else { _exit(128 + number) }
            guard state.questions > 1 else {
                ProgressBar.say(state.beforeSteps)
                _exit(128 + number)
            }
            ProgressBar.say("stopping after this step; once more stops at once")
            state.last = number
        }
    }
}

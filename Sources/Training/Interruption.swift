import Foundation
import Synchronization

/// Ctrl-C and `kill`: the first lets a run finish its step and write its state, a second one ends the process at once. So
/// does the first where no step is done yet, as there is nothing to be kept.
package enum Interruption {
    private struct State {
        var last: Int32?
        /// How often a training asked: it does before its first step, and after each.
        var questions = 0
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

    /// Runs the closure, in which neither ends the process at once.
    package static func watching<Result>(_ body: () throws -> Result) rethrows -> Result {
        let sources = [SIGINT, SIGTERM].map { number in
            Foundation.signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                let before = state.withLock { state in
                    defer { state.last = number }
                    return state
                }
                guard before.last == nil, before.questions > 1 else {
                    if before.last == nil { ProgressBar.say("stopped before the first step was done") }
                    _exit(128 + number)
                }
                ProgressBar.say("stopping after this step; once more stops at once")
            }
            // Until it is registered, a signal would be ignored.
            let isRegistered = DispatchSemaphore(value: 0)
            source.setRegistrationHandler { isRegistered.signal() }
            source.resume()
            isRegistered.wait()
            return source
        }
        defer { for source in sources { source.cancel() } }
        return try body()
    }
}

import Foundation
import Synchronization

/// Ctrl-C and `kill`: the first lets a run finish its step and write its state, a second one ends the process at once.
package enum Interruption {
    private static let signal = Mutex<Int32?>(nil)

    /// The last one that came.
    package static var last: Int32? { signal.withLock { $0 } }

    /// Whether one came; a training asks after its steps.
    @Sendable package static func hasCome() -> Bool { last != nil }

    /// Runs the closure, in which neither ends the process at once.
    package static func watching<Result>(_ body: () throws -> Result) rethrows -> Result {
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
        return try body()
    }
}

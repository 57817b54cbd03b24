import Foundation
import Testing

@testable import Training

/// A signal that nobody looked at left a run that could not be stopped.
@Suite("Signals to a run")
struct InterruptionTests {
    @Test("Before the first step is done a signal ends the process at once")
    func beforeTheFirstStep() async {
        await #expect(processExitsWith: .exitCode(143)) {
            Interruption.watching {
                _ = Interruption.hasCome()
                kill(getpid(), SIGTERM)
                sleep(60)
            }
        }
    }

    @Test("After it the first is for the step to see, and the second ends the process at once")
    func second() async {
        await #expect(processExitsWith: .exitCode(130)) {
            Interruption.watching {
                for _ in 0..<2 { _ = Interruption.hasCome() }
                kill(getpid(), SIGTERM)
                while !Interruption.hasCome() { usleep(1000) }
                kill(getpid(), SIGINT)
                sleep(60)
            }
        }
    }
}

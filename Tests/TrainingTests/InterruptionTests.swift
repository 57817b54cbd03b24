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

    @Test("A run that goes on is told from which step; one that has nothing yet, that nothing was kept")
    func goingOn() async {
        func told(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let later = await #expect(processExitsWith: .exitCode(143), observing: [\.standardErrorContent]) {
            Interruption.watching {
                Interruption.beginSteps(after: 10, of: 20, from: "k")
                kill(getpid(), SIGTERM)
                sleep(60)
            }
        }
        #expect(told(later).contains("going on from k after step 10 of 20"))
        #expect(told(later).contains("stopped before another step; the same command goes on from k after step 10"))
        let first = await #expect(processExitsWith: .exitCode(130), observing: [\.standardErrorContent]) {
            Interruption.watching {
                Interruption.beginSteps(after: 0, of: 20, from: nil)
                kill(getpid(), SIGINT)
                sleep(60)
            }
        }
        #expect(told(first).contains("stopped before the first step was done; nothing was kept"))
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

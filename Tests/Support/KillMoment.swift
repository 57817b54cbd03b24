import Foundation
import TensorCore

/// When a child process of a test is to be killed: at a training step of its own, whatever else the machine does.
///
///     await #expect(processExitsWith: .signal(SIGKILL)) { [moment = moment as KillMoment] in
///         train { progress in moment.reached(progress.step) }
///         KillMoment.strike()  // done before the moment came
///     }
public struct KillMoment: Codable, Sendable {
    /// The training step after which it comes, from 1.
    public let step: Int
    /// How long after that step, in microseconds; nil for at once, in the step's own callback.
    public let delay: Int?

    /// Twenty moments. The first three are a quarter, a half and three quarters of the way through the run, at once: they fall
    /// within it on any machine. All others come from Philox, so they fall on steps, on validations and on writes alike.
    ///
    /// - Parameters:
    ///   - steps: training steps of the run.
    ///   - longest: the longest delay.
    public static func twenty(steps: Int, longest: Duration, seed: UInt64) -> [KillMoment] {
        var random = Philox(seed: seed)
        let (seconds, attoseconds) = longest.components
        let microseconds = Double(seconds) * 1e6 + Double(attoseconds) * 1e-12
        return (0..<20).map { place in
            if place < 3 { return KillMoment(step: steps * (place + 1) / 4, delay: nil) }
            let step = 1 + random.index(below: steps)
            return KillMoment(step: step, delay: Int(Double(random.uniform()) * microseconds))
        }
    }

    /// To be called after each training step: kills this process if the moment has come, or begins to wait for it.
    public func reached(_ step: Int) {
        guard step == self.step else { return }
        guard let delay else { return Self.strike() }
        Thread.detachNewThread {
            usleep(UInt32(delay))
            Self.strike()
        }
    }

    /// Kills this process at once.
    public static func strike() { kill(getpid(), SIGKILL) }
}

import Foundation
import Synchronization

/// Shows how a run goes: a line that is rewritten on a terminal, a line for each epoch elsewhere.
///
/// Writes to standard error, so that standard output holds results alone.
public final class ProgressBar: Sendable {
    private struct State {
        var shown = Date.distantPast
        var lastWidth = 0
    }

    private let title: String
    private let start = Date()
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let state = Mutex(State())

    /// Creates a bar, and starts its clock.
    public init(_ title: String) { self.title = title }

    /// A bar on a terminal, nothing elsewhere: for programs of many runs, which say a line a run.
    public static func onTerminal(_ title: String) -> ProgressBar? {
        isatty(STDERR_FILENO) == 1 ? ProgressBar(title) : nil
    }

    /// Writes a line to standard error.
    public static func say(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

    /// What a training loop calls after each step.
    public func update(_ progress: TrainingProgress) {
        let isEndOfEpoch = progress.validation != nil || progress.step == progress.steps
        let now = Date()
        state.withLock { state in
            guard isEndOfEpoch || (isTerminal && now.timeIntervalSince(state.shown) > 0.1) else { return }
            state.shown = now
            let text = line(progress, now)
            if isTerminal {
                let blanks = String(repeating: " ", count: max(0, state.lastWidth - text.count))
                write("\r\(text)\(blanks)" + (progress.step == progress.steps ? "\n" : ""))
                state.lastWidth = text.count
            } else {
                write(text + "\n")
            }
        }
    }

    private func line(_ progress: TrainingProgress, _ now: Date) -> String {
        let seconds = max(now.timeIntervalSince(start), 1e-6)
        let rate = Double(progress.step * progress.batchSize) / seconds
        let left = seconds / Double(progress.step) * Double(progress.steps - progress.step)
        let accuracy =
            progress.validation.map { "validation \(Self.percent($0.accuracy))" }
            ?? "training \(Self.percent(progress.accuracy))"
        let share = Double(progress.step) / Double(progress.steps)
        let bar = isTerminal ? " " + Self.bar(share) : ""
        return "\(title.padding(toLength: 24, withPad: " ", startingAt: 0))\(bar) "
            + "epoch \(progress.epoch + 1)/\(progress.epochs)  loss \(String(format: "%.4f", progress.loss))  "
            + "\(accuracy)  \(Int(rate)) images/s  \(Self.clock(left)) left"
    }

    private static func bar(_ share: Double) -> String {
        let filled = Int(share * 20)
        return String(repeating: "█", count: filled) + String(repeating: "░", count: 20 - filled)
    }

    private static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

    /// Seconds as minutes and seconds.
    public static func clock(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded())
        return "\(whole / 60):" + String(format: "%02d", whole % 60)
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

import Foundation
import Synchronization
import TensorCore

/// Shows how a run goes: a line that is rewritten on a terminal; elsewhere a line for each epoch, and in long ones a
/// line from time to time.
///
/// Writes to standard error, so that standard output holds results alone.
public final class ProgressBar: Sendable {
    private struct State {
        var pace: ProgressPace
        var lastWidth = 0
        /// Steps that were done before the bar's clock started; nil before the first update.
        var earlier: Int?
        /// When the first files were read, and how many they were.
        var firstFiles: (count: Int, time: Date)?
    }

    private let title: String
    private let start = Date()
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let state: Mutex<State>

    /// Creates a bar, and starts its clock.
    public init(_ title: String) {
        self.title = title.shown
        state = Mutex(State(pace: ProgressPace(isTerminal: isTerminal, start: start)))
    }

    /// A bar on a terminal, nothing elsewhere: for programs of many runs, which say a line a run.
    public static func onTerminal(_ title: String) -> ProgressBar? {
        isatty(STDERR_FILENO) == 1 ? ProgressBar(title) : nil
    }

    /// Writes a line to standard error, as `StandardStream.say` does.
    public static func say(_ line: String) { StandardStream.say(line) }

    /// What a training loop calls after each step.
    public func update(_ progress: TrainingProgress) {
        let isEndOfEpoch = progress.validation != nil || progress.step == progress.steps
        let now = Date()
        state.withLock { state in
            let earlier = state.earlier ?? progress.step - 1
            state.earlier = earlier
            guard state.pace.isDue(at: now, isEndOfEpoch: isEndOfEpoch) else { return }
            let line = line(progress, after: earlier, seconds: now.timeIntervalSince(start))
            guard isTerminal else { return StandardStream.say(line.text(columns: nil)) }
            show(line, isLast: progress.step == progress.steps, &state)
        }
    }

    /// What a reader of many files calls from time to time: a line on a terminal alone, and where reading takes longer
    /// than a second.
    ///
    /// - Parameters:
    ///   - done: files that were read.
    ///   - all: the number of files.
    ///   - noun: what one of them is.
    public func update(_ done: Int, of all: Int, counting noun: String) {
        let now = Date()
        guard isTerminal else { return }
        state.withLock { state in
            // What came before the first of them is no part of the pace.
            let first = state.firstFiles ?? (done, now)
            state.firstFiles = first
            let seconds = now.timeIntervalSince(first.time)
            guard done > first.count, now.timeIntervalSince(start) >= 1,
                state.pace.isDue(at: now, isEndOfEpoch: done == all)
            else { return }
            let rate = Double(done - first.count) / max(seconds, 1e-6)
            let line = ProgressLine(
                title: title, share: Double(done) / Double(all),
                figures: "\(done)/\(all.counted(noun))  \(String(format: "%.0f", rate))/s  "
                    + "\(Self.clock(Double(all - done) / rate)) left")
            show(line, isLast: done == all, &state)
        }
    }

    /// Rewrites the line on a terminal.
    private func show(_ line: ProgressLine, isLast: Bool, _ state: inout State) {
        // The last column stays free: a character there moves some terminals to the next line.
        let text = line.text(columns: (StandardStream.terminalColumns ?? 80) - 1)
        StandardStream.show("\r\(text.padded(toColumns: state.lastWidth))" + (isLast ? "\n" : ""))
        state.lastWidth = text.columns
    }

    /// The line after a step.
    ///
    /// - Parameters:
    ///   - earlier: steps that an earlier process did.
    ///   - seconds: that the others took.
    func line(_ progress: TrainingProgress, after earlier: Int, seconds: Double) -> ProgressLine {
        let seconds = max(seconds, 1e-6)
        let done = Double(progress.step - earlier)
        let rate = done * Double(progress.batchSize) / seconds
        let left = seconds / done * Double(progress.steps - progress.step)
        let accuracy =
            progress.validation.map { "validation accuracy \(Self.percent($0.accuracy))" }
            ?? "training accuracy \(Self.percent(progress.accuracy))"
        return ProgressLine(
            title: title, share: Double(progress.step) / Double(progress.steps),
            figures: "step \(progress.step)/\(progress.steps)  loss \(lossText(Double(progress.loss)))  "
                + "\(accuracy)  \(String(format: rate < 10 ? "%.1f" : "%.0f", rate)) images/s  \(Self.clock(left)) left"
        )
    }

    private static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

    /// Seconds as minutes and seconds.
    public static func clock(_ seconds: Double) -> String {
        let whole = Int(seconds.rounded())
        return "\(whole / 60):" + String(format: "%02d", whole % 60)
    }
}

/// A loss with four decimals, or as a power of 10 where it is large.
package func lossText(_ loss: Double) -> String { String(format: abs(loss) < 1e6 ? "%.4f" : "%.1e", loss) }

/// When a line of progress is due: at the end of each epoch, and within one from time to time.
struct ProgressPace {
    /// In seconds.
    private let interval: TimeInterval
    /// When the last line was due.
    private var last: Date

    init(isTerminal: Bool, start: Date) {
        interval = isTerminal ? 0.1 : 30
        last = isTerminal ? .distantPast : start
    }

    /// - Returns: whether a line is due now; the next one is counted from it.
    mutating func isDue(at now: Date, isEndOfEpoch: Bool) -> Bool {
        guard isEndOfEpoch || now.timeIntervalSince(last) > interval else { return false }
        last = now
        return true
    }
}

/// A line of a progress bar: what is trained, how much of it is done, and figures.
struct ProgressLine {
    let title: String
    /// From 0 to 1.
    let share: Double
    let figures: String

    private static let titleWidth = 24
    private static let barWidth = 20

    /// The line within a width: the bar becomes shorter first, then the title is cut, the figures last.
    ///
    /// - Parameter columns: nil for a line that is written once, has no bar and may be of any length.
    func text(columns: Int?) -> String {
        guard let columns else { return "\(title.padded(toColumns: Self.titleWidth)) \(figures)" }
        let free = columns - figures.columns - 1
        let bar = min(Self.barWidth, free - max(Self.titleWidth, title.columns) - 1)
        if bar > 0 { return "\(title.padded(toColumns: Self.titleWidth)) \(Self.bar(share, bar)) \(figures)" }
        let name = title.cut(toColumns: max(0, free)).padded(toColumns: min(Self.titleWidth, free))
        return ((name.isEmpty ? "" : name + " ") + figures).cut(toColumns: columns)
    }

    private static func bar(_ share: Double, _ width: Int) -> String {
        let filled = Int(share * Double(width))
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }
}

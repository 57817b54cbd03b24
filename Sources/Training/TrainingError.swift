import Foundation

/// A run ended before its plan was done.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
    /// The loss or a weight became NaN or infinite.
    ///
    /// - Parameters:
    ///   - step: counts from 0.
    ///   - place: the loss, or the first parameter that is not finite.
    ///   - learningRate: the highest of the run.
    ///   - checkpoint: the last checkpoint's file, if there is one.
    case diverged(step: Int, place: String, learningRate: Float, checkpoint: String?)
    /// `Trainer.shouldStop` said so.
    ///
    /// - Parameters:
    ///   - step: how many were done.
    ///   - checkpoint: the file that holds the state after them, if one was asked for.
    case stopped(step: Int, checkpoint: String?)

    public var description: String {
        switch self {
        case .diverged(let step, let place, let learningRate, let checkpoint):
            let rescue =
                checkpoint.map { " with another --checkpoint, as \($0) goes on with this rate alone" }
                ?? "; no checkpoint was kept"
            return "training diverged in step \(step): \(place) is NaN or infinite; "
                + "try a lower --learning-rate (\(learningRate) found)\(rescue)"
        case .stopped(let step, let checkpoint):
            let rescue = checkpoint.map { "the state is in \($0)" } ?? "no checkpoint was kept"
            return "training stopped after step \(step); \(rescue)"
        }
    }
}

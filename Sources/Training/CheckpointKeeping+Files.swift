import Foundation

extension CheckpointKeeping {
    /// The files that a run may write beside a checkpoint, itself first: its states and the log of its steps.
    ///
    /// - Parameter newest: the file that a run continues.
    public func files(of newest: URL) -> [URL] {
        [newest]
            + ((1..<last).map { "\($0)" } + (best ? ["best"] : []) + ["steps"]).map(newest.appendingPathExtension)
    }
}

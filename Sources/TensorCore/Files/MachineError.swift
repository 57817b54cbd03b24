import Foundation

/// The machine failed, not what it was given: memory, descriptors, a disk that cannot be read.
///
/// An error of its own, since what is done about a bad file (leaving it out, say) would hide a failing machine. Reads
/// as one line: `cats/0001.png: cannot be read: Input/output error`.
public struct MachineError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What the machine was asked for: a file by its path, or in words.
    public let subject: String
    /// What it said.
    public let problem: String

    /// Creates an error from its two parts.
    public init(_ subject: String, _ problem: String) {
        self.subject = subject
        self.problem = problem
    }

    /// Whether a number of the system tells of the machine and not of one file.
    ///
    /// - Parameter code: a value of `errno`.
    public static func isMachineFault(_ code: Int32) -> Bool {
        [EIO, EMFILE, ENFILE, ENOMEM, ENOBUFS, ESTALE, ETIMEDOUT, ENXIO, ENODEV].contains(code)
    }

    public var description: String { "\(subject): \(problem)" }
}

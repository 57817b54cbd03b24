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

    /// A file or folder cannot be read for a reason that does not lie in it.
    ///
    /// - Parameter code: a value of `errno`.
    public init(_ subject: String, reading code: Int32) {
        self.init(subject, "cannot be read: \(String(cString: strerror(code)))")
    }

    /// Whether a number of the system, from looking at a file or opening it, tells of the machine and not of the file.
    ///
    /// A file may be missing, behind a link that leads nowhere or in a circle, without permission or of a kind that
    /// cannot be opened. Whatever else the system says is its own trouble.
    ///
    /// - Parameter code: a value of `errno`.
    public static func isMachineFault(_ code: Int32) -> Bool {
        ![ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG, EISDIR, EINVAL, EAGAIN, ENOTSUP].contains(code)
    }

    public var description: String { "\(subject): \(problem)" }
}

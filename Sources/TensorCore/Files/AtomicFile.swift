import Foundation

/// A file could not be written. Reads as one line: `out/model.safetensors: cannot be written: No space left on device`.
public struct FileWriteError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file that should have been written.
    public let path: String
    /// What the system said.
    public let cause: String

    /// Creates an error from its two parts.
    public init(path: String, cause: String) {
        self.path = path
        self.cause = cause
    }

    /// Creates an error whose cause is the system's last one, `errno`.
    init(path: String) { self.init(path: path, cause: String(cString: strerror(errno))) }

    public var description: String { "\(path): cannot be written: \(cause)" }
}

/// Writes files so that a reader sees the old content or the new, never a part, whatever is killed when.
public enum AtomicFile {
    /// Replaces a file's content, or creates the file.
    ///
    /// The bytes go to `.NAME.partial` in the same folder, are synced to the disk and renamed, and the folder is
    /// synced. The temporary name is fixed and locked while in use: what a killed process left there is overwritten by
    /// the next attempt instead of piling up, and writers of the same file take turns. A symbolic link is followed,
    /// also one that leads to nothing yet; an existing file keeps its permissions, and one that is read-only is
    /// refused. If anything fails, the temporary file is removed and the old content stays.
    ///
    /// - Parameter syncing: whether the bytes are on the disk on return. Without it, a killed process loses nothing
    ///   either, but a power cut within the next half a minute may leave the old content, and on some file systems an
    ///   empty file.
    /// - Throws: ``FileWriteError`` for an unwritable folder, a full disk, a path that is no regular file, …
    public static func write(_ data: Data, to url: URL, syncing: Bool = true) throws(FileWriteError) {
        let file = try PendingFile(for: url)
        try file.write(data, syncing: syncing)
        try file.place(syncing: syncing)
    }

    /// The same with content that comes piece by piece, as memory should not hold all of it.
    ///
    /// - Parameter next: the next piece; nil after the last one.
    /// - Throws: ``FileWriteError``, and what the closure throws.
    package static func write(to url: URL, pieces next: () throws -> Data?) throws {
        let file = try PendingFile(for: url)
        while let piece = try next() { try file.write(piece, syncing: false) }
        try file.write(Data(), syncing: true)
        try file.place(syncing: true)
    }

    /// Replaces the content of files that belong together: no file changes before all contents are on the disk.
    ///
    /// - Parameter files: contents and where they go, no file twice.
    /// - Throws: ``FileWriteError``.
    public static func write(_ files: [(content: Data, url: URL)]) throws(FileWriteError) {
        var pending: [PendingFile] = []
        for (content, url) in files {
            let file = try PendingFile(for: url)
            try file.write(content, syncing: true)
            pending.append(file)
        }
        for file in pending { try file.place(syncing: true) }
    }
}

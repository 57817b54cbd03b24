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

    /// Creates an error whose cause is the last one of the system, `errno`.
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
    /// - Throws: ``FileWriteError`` for an unwritable folder, a full disk, a path that is no regular file, …
    public static func write(_ data: Data, to url: URL) throws(FileWriteError) { try write([(data, url)]) }

    /// Replaces the content of files that belong together: no file changes before all contents are on the disk.
    ///
    /// - Parameter files: contents and where they go, no file twice.
    /// - Throws: ``FileWriteError``.
    public static func write(_ files: [(content: Data, url: URL)]) throws(FileWriteError) {
        var pending: [PendingFile] = []
        for (content, url) in files {
            let file = try PendingFile(for: url)
            try file.write(content)
            pending.append(file)
        }
        for file in pending { try file.place() }
    }

    /// Gives a file a new name in the same folder; what had that name before is gone.
    ///
    /// - Throws: ``FileWriteError``.
    public static func move(_ url: URL, to other: URL) throws(FileWriteError) {
        guard rename(url.pathAsGiven, other.pathAsGiven) == 0 else { throw FileWriteError(path: other.pathAsGiven) }
    }

    /// Keeps a file's content under a second name too: by a hard link or, where there are none, as a copy.
    ///
    /// - Throws: ``FileWriteError``.
    public static func keep(_ url: URL, as other: URL) throws(FileWriteError) {
        unlink(other.pathAsGiven)
        let flags = AT_SYMLINK_FOLLOW
        guard linkat(AT_FDCWD, url.pathAsGiven, AT_FDCWD, other.pathAsGiven, flags) != 0 else { return }
        let content: Data
        do { content = try InputFile.read(url) } catch {
            throw FileWriteError(path: other.pathAsGiven, cause: "\(error)")
        }
        try write(content, to: other)
    }
}

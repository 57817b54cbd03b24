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

    public var description: String { "\(path): cannot be written: \(cause)" }
}

/// Writes files so that a reader sees the old content or the new, never a part, whatever is killed when.
public enum AtomicFile {
    /// Replaces a file's content, or creates the file.
    ///
    /// The bytes go to `.NAME.partial` in the same folder, are synced to the disk and renamed, and the folder is
    /// synced. The temporary name is fixed and locked while in use: what a killed process left there is overwritten by
    /// the next attempt instead of piling up, and writers of the same file take turns. A symbolic link is followed; an
    /// existing file keeps its permissions. If anything fails, the temporary file is removed and the old content stays.
    ///
    /// - Parameter syncing: whether the bytes are on the disk on return. Without it, a killed process loses nothing
    ///   either, but a power cut within the next half a minute may leave the old content, and on some file systems an
    ///   empty file.
    /// - Throws: ``FileWriteError`` for an unwritable folder, a full disk, a path that is no regular file, …
    public static func write(_ data: Data, to url: URL, syncing: Bool = true) throws(FileWriteError) {
        guard url.isFileURL else { throw FileWriteError(path: url.absoluteString, cause: "not a path of a file") }
        let target = url.resolvingSymlinksInPath()
        let path = target.path(percentEncoded: false)
        let folder = target.deletingLastPathComponent().path(percentEncoded: false)
        let temporary = folder + (folder.hasSuffix("/") ? "." : "/.") + target.lastPathComponent + ".partial"
        let permissions = try permissions(ofExisting: path)

        let descriptor = try openLocked(temporary, for: path)
        defer { close(descriptor) }  // also releases the lock
        do throws(FileWriteError) {
            try check(ftruncate(descriptor, 0), path)
            try writeAll(data, to: descriptor, path)
            if let permissions { try check(fchmod(descriptor, permissions), path) }
            if syncing { try check(fsync(descriptor), path) }
            try check(rename(temporary, path), path)
        } catch {
            unlink(temporary)
            throw error
        }
        if syncing { try syncFolder(folder, path) }
    }

    /// The permission bits of the file that will be replaced, nil if there is none.
    private static func permissions(ofExisting path: String) throws(FileWriteError) -> mode_t? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        // Renaming over /dev/null, as root, would replace the device.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileWriteError(path: path, cause: "exists and is not a regular file")
        }
        return status.st_mode & 0o777
    }

    private static func openLocked(_ temporary: String, for path: String) throws(FileWriteError) -> Int32 {
        while true {
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
            try check(descriptor, path)
            while flock(descriptor, LOCK_EX) != 0 {
                guard errno == EINTR else {
                    let cause = cause()
                    close(descriptor)
                    throw FileWriteError(path: path, cause: cause)
                }
            }
            // Whoever held the lock has renamed or removed the file by now: then what we hold is no longer the
            // temporary.
            var held = stat()
            var named = stat()
            if fstat(descriptor, &held) == 0, stat(temporary, &named) == 0, held.st_ino == named.st_ino,
                held.st_dev == named.st_dev
            {
                return descriptor
            }
            close(descriptor)
        }
    }

    private static func writeAll(_ data: Data, to descriptor: Int32, _ path: String) throws(FileWriteError) {
        var written = 0
        while written < data.count {
            let result = data.withUnsafeBytes { bytes in
                // No system writes more than about 2 GB at once.
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...].prefix(1 << 30))
                return Foundation.write(descriptor, rest.baseAddress, rest.count)
            }
            if result < 0 && errno == EINTR { continue }
            try check(result < 0 ? -1 : 0, path)
            written += result
        }
    }

    private static func syncFolder(_ folder: String, _ path: String) throws(FileWriteError) {
        let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
        try check(descriptor, path)
        defer { close(descriptor) }
        // Some file systems cannot sync a folder and say EINVAL; the rename is as durable there as it can be.
        if fsync(descriptor) != 0 && errno != EINVAL { try check(-1, path) }
    }

    private static func check(_ result: Int32, _ path: String) throws(FileWriteError) {
        if result < 0 { throw FileWriteError(path: path, cause: cause()) }
    }

    private static func cause() -> String { String(cString: strerror(errno)) }
}

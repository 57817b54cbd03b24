import Foundation

/// The successor of a file under its temporary name, until it takes the file's place. Whatever ends it before that
/// removes it, and the old content stays.
///
/// Making one is all of writing a file but its bytes: so it is what tells beforehand whether a file can be written.
final class PendingFile {
    /// As errors call the file.
    private let path: String
    /// The file, with the links at its path's end followed.
    private let target: String
    private let temporary: String
    private let descriptor: Int32
    private var isPlaced = false

    /// Takes `.NAME.partial` in the file's folder, and waits for another writer of the file to be done with it.
    ///
    /// - Throws: ``FileWriteError`` for a file that may not be written, a folder where none can be, a folder's name, …
    init(for url: URL) throws(FileWriteError) {
        guard url.isFileURL else { throw FileWriteError(path: url.absoluteString, cause: "not a path of a file") }
        path = url.pathAsGiven
        target = try OutputPath.followingLinks(path)
        let existing = try Self.permissions(ofExisting: target, for: path)
        guard existing != nil || !url.hasDirectoryPath else {
            throw FileWriteError(path: path, cause: "it is the name of a folder; give that of a file")
        }
        temporary = Self.temporary(of: target)
        descriptor = try Self.opened(temporary, as: existing, for: path)
    }

    deinit {
        if !isPlaced { unlink(temporary) }
        close(descriptor)  // also releases the lock
    }

    /// The temporary name of a file.
    static func temporary(of target: String) -> String {
        let (folder, name) = OutputPath.parts(target)
        return OutputPath.joined(folder, ".\(name).partial")
    }

    /// Writes the whole content.
    ///
    /// - Parameter syncing: whether it is on the disk on return.
    func write(_ data: Data, syncing: Bool) throws(FileWriteError) {
        var written = 0
        while written < data.count {
            let result = data.withUnsafeBytes { bytes in
                // No system writes more than about 2 GB at once.
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...].prefix(1 << 30))
                return Foundation.write(descriptor, rest.baseAddress, rest.count)
            }
            if result < 0 && errno == EINTR { continue }
            try Self.check(result < 0 ? -1 : 0, path)
            written += result
        }
        if syncing { try Self.check(fsync(descriptor), path) }
    }

    /// Puts the new content in the file's place.
    func place(syncing: Bool) throws(FileWriteError) {
        try Self.check(rename(temporary, target), path)
        isPlaced = true
        if syncing { try syncFolder() }
    }

    /// The permission bits of the file that will be replaced, nil if there is none.
    private static func permissions(ofExisting target: String, for path: String) throws(FileWriteError) -> mode_t? {
        var status = stat()
        guard stat(target, &status) == 0 else { return nil }
        // Renaming over /dev/null, as root, would replace the device.
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileWriteError(path: path, cause: "exists and is not a regular file")
        }
        // Replacing takes no permission of the file itself; who made it read-only expects that it stays as it is.
        guard status.st_mode & 0o222 != 0 else {
            throw FileWriteError(path: path, cause: "the file there is read-only (chmod u+w, or another name)")
        }
        try check(access(target, W_OK), path)
        try checkSticky(target, status, path)
        return status.st_mode & 0o777
    }

    /// In a folder like /tmp, others' files may be written but not replaced.
    private static func checkSticky(_ target: String, _ file: stat, _ path: String) throws(FileWriteError) {
        var folder = stat()
        guard stat(OutputPath.parts(target).folder, &folder) == 0, folder.st_mode & S_ISVTX != 0 else { return }
        guard [file.st_uid, folder.st_uid, 0].contains(where: { $0 == geteuid() }) else {
            throw FileWriteError(path: path, cause: String(cString: strerror(EPERM)))
        }
    }

    /// Opens the temporary file, empty and with the permissions of the file that it will replace.
    private static func opened(
        _ temporary: String, as existing: mode_t?, for path: String
    ) throws(FileWriteError) -> Int32 {
        let descriptor = try openLocked(temporary, for: path)
        do throws(FileWriteError) {
            try check(ftruncate(descriptor, 0), path)
            if let existing { try check(fchmod(descriptor, existing), path) }
        } catch {
            unlink(temporary)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func openLocked(_ temporary: String, for path: String) throws(FileWriteError) -> Int32 {
        while true {
            let descriptor = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
            if descriptor < 0 {
                // Some folders of the system are there and take no files.
                let cause = errno == ENOENT ? "its folder takes no files" : cause()
                throw FileWriteError(path: path, cause: OutputPath.missingFolder(of: temporary) ?? cause)
            }
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

    private func syncFolder() throws(FileWriteError) {
        let descriptor = open(OutputPath.parts(target).folder, O_RDONLY | O_CLOEXEC)
        // A folder that may be written but not listed: the file is in place, as durably as it can be.
        if descriptor < 0 && errno == EACCES { return }
        try Self.check(descriptor, path)
        defer { close(descriptor) }
        // Some file systems cannot sync a folder and say EINVAL.
        if fsync(descriptor) != 0 && errno != EINVAL { try Self.check(-1, path) }
    }

    private static func check(_ result: Int32, _ path: String) throws(FileWriteError) {
        if result < 0 { throw FileWriteError(path: path, cause: cause()) }
    }

    private static func cause() -> String { String(cString: strerror(errno)) }
}

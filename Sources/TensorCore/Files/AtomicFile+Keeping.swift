import Foundation

extension AtomicFile {
    /// Waits until a file that was written without syncing is on the disk, and its name too.
    ///
    /// - Throws: ``FileWriteError``.
    public static func sync(_ url: URL) throws(FileWriteError) {
        for path in [url.pathAsGiven, OutputPath.parts(url.pathAsGiven).folder] {
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(url) }
            defer { close(descriptor) }
            // Some file systems cannot sync a folder and say EINVAL.
            if fsync(descriptor) != 0 && errno != EINVAL { throw failure(url) }
        }
    }

    /// Gives a file another name, in place of what had it before; does nothing where there is no such file.
    ///
    /// - Throws: ``FileWriteError``.
    public static func move(_ url: URL, to other: URL) throws(FileWriteError) {
        let (from, to) = (url.pathAsGiven, other.pathAsGiven)
        if rename(from, to) != 0 && errno != ENOENT { throw failure(other) }
    }

    /// Keeps the present content of a file under another name too, in place of what had it before, so that the file can
    /// be replaced. Where the file system has no second names, and for a symbolic link, it is copied.
    ///
    /// - Throws: ``FileWriteError``.
    public static func keep(_ url: URL, as other: URL) throws(FileWriteError) {
        let (from, to) = (url.pathAsGiven, other.pathAsGiven)
        if unlink(to) != 0 && errno != ENOENT { throw failure(other) }
        var status = stat()
        if lstat(from, &status) == 0, status.st_mode & S_IFMT == S_IFREG, link(from, to) == 0 { return }
        let content: Data
        do { content = try InputFile.read(url) } catch { throw FileWriteError(path: to, cause: "\(error)") }
        try write(content, to: other, syncing: false)
    }

    private static func failure(_ url: URL) -> FileWriteError {
        FileWriteError(path: url.pathAsGiven, cause: String(cString: strerror(errno)))
    }
}

import Foundation

/// Files and folders that a program will write: checked before the work that goes into them.
public enum OutputFile {
    /// Makes sure that a file can be written; leaves nothing behind.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - content: what there must be room for.
    /// - Throws: ``FileWriteError`` saying why not.
    public static func check(_ url: URL, holding content: Data = Data()) throws(FileWriteError) {
        try PendingFile(for: url).write(content, syncing: false)
    }

    /// Makes sure that a folder is there or can be created, and that files can be written in it; leaves nothing behind.
    ///
    /// - Parameter names: of the files.
    /// - Throws: ``FileWriteError`` saying why not.
    public static func checkFolder(_ folder: URL, files names: [String] = []) throws(FileWriteError) {
        var created: [String] = []
        defer { for path in created.reversed() { rmdir(path) } }
        try create(OutputPath.followingLinks(folder.pathAsGiven), &created, for: folder)
        for name in [".retort-probe"] + names { try check(folder.appendingPathComponent(name)) }
    }

    /// Creates a folder if it is missing, and makes sure that a file can be written there.
    ///
    /// - Throws: ``FileWriteError`` saying why not.
    public static func prepareFolder(_ folder: URL) throws(FileWriteError) {
        var created: [String] = []
        try create(OutputPath.followingLinks(folder.pathAsGiven), &created, for: folder)
        try check(folder.appendingPathComponent(".retort-probe"))
    }

    /// The size of a file in bytes.
    ///
    /// - Throws: ``FormatError`` where there is no such file.
    public static func size(_ url: URL) throws(FormatError) -> Int {
        var status = stat()
        guard stat(url.pathAsGiven, &status) == 0 else {
            throw FormatError(opening: url.pathAsGiven, errno)
        }
        return Int(status.st_size)
    }

    /// Creates a folder and those around it that are missing.
    ///
    /// - Parameter created: gets those that were missing, the outermost first.
    private static func create(
        _ path: String, _ created: inout [String], for folder: URL
    ) throws(FileWriteError) {
        if mkdir(path, 0o777) == 0 { return created.append(path) }
        if errno == ENOENT {
            let outer = OutputPath.parts(path).folder
            // The folder that the program runs in was removed: there is nothing to go up to.
            guard outer != path, outer != "." else { throw FileWriteError(path: folder.pathAsGiven) }
            try create(outer, &created, for: folder)
            if mkdir(path, 0o777) == 0 { return created.append(path) }
        }
        // Maybe since a moment ago: another process makes it too.
        guard errno == EEXIST else {
            let cause = String(cString: strerror(errno))
            throw FileWriteError(path: folder.pathAsGiven, cause: OutputPath.missingFolder(of: path) ?? cause)
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw FileWriteError(path: folder.pathAsGiven, cause: "it is a file; give the name of a folder")
        }
    }
}

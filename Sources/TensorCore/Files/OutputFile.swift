import Foundation

/// Files and folders that a program will write: checked before the work that goes into them.
public enum OutputFile {
    /// Makes sure that a file can be written; leaves nothing behind.
    ///
    /// - Throws: ``FileWriteError`` saying why not.
    public static func check(_ url: URL) throws(FileWriteError) {
        let target = url.resolvingSymlinksInPath()
        let kind = try? FileManager.default.attributesOfItem(atPath: target.path)[.type] as? FileAttributeType
        guard kind == nil || kind == .typeRegular else {
            throw FileWriteError(path: url.path, cause: "exists and is not a regular file")
        }
        let name = ".\(target.lastPathComponent).probe"
        try probe(target.deletingLastPathComponent().appendingPathComponent(name), for: url)
    }

    /// Creates a folder if it is missing, and makes sure that a file can be written there.
    ///
    /// - Throws: ``FileWriteError`` saying why not.
    public static func prepareFolder(_ folder: URL) throws(FileWriteError) {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            let cause = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
            throw FileWriteError(
                path: folder.path, cause: cause?.localizedDescription ?? "the folder cannot be created")
        }
        let file = folder.appendingPathComponent(".retort-probe")
        try probe(file, for: file)
    }

    /// The size of a file in bytes.
    ///
    /// - Throws: an error where there is no such file.
    public static func size(_ url: URL) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? Int ?? 0
    }

    private static func probe(_ file: URL, for url: URL) throws(FileWriteError) {
        do throws(FileWriteError) { try AtomicFile.write(Data(), to: file) } catch {
            throw FileWriteError(path: url.path, cause: error.cause)
        }
        try? FileManager.default.removeItem(at: file)
    }
}

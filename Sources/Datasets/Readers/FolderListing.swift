import Foundation
import TensorCore

/// What lies in a folder, in the order of the names' bytes; hidden entries are left out.
public struct FolderListing {
    /// Folders, and links to folders.
    public let folders: [URL]
    /// Everything else.
    public let files: [URL]

    /// Lists a folder.
    ///
    /// - Throws: `FormatError` when it is missing, is a file, or may not be read.
    public init(_ url: URL) throws {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: url.path) } catch {
            let found =
                switch Self.isFolder(url) {
                case nil: "nothing"
                case false: "a file"
                case true: "no permission to read"
                }
            throw FormatError(file: url.relativePath, found: found, expected: "a readable folder")
        }
        let entries = names.filter { !$0.hasPrefix(".") }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .map { url.appendingPathComponent($0) }
        folders = entries.filter { Self.isFolder($0) == true }
        files = entries.filter { Self.isFolder($0) != true }
    }

    private static func isFolder(_ url: URL) -> Bool? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else { return nil }
        return isFolder.boolValue
    }
}

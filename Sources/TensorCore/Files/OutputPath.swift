import Foundation

extension URL {
    /// The path as it was given: relative where it was, as long as that is to the folder that the program runs in.
    ///
    /// Unlike the absolute path it also works in a folder whose name is no UTF-8, and errors show what a person wrote.
    package var pathAsGiven: String {
        guard let base = baseURL else { return relativePath }
        let folder = URL(filePath: FileManager.default.currentDirectoryPath, directoryHint: .isDirectory)
        return base == folder ? relativePath : path(percentEncoded: false)
    }
}

/// Parts of the paths that a program writes to.
enum OutputPath {
    /// The folder and the name within it: `out` and `m` for `out/m`, `.` and `m` for `m`.
    static func parts(_ path: String) -> (folder: String, name: String) {
        let names = path.split(separator: "/", omittingEmptySubsequences: true)
        guard let name = names.last else { return (path.isEmpty ? "." : "/", "") }
        let folder = names.dropLast().joined(separator: "/")
        let root = path.hasPrefix("/") ? "/" : ""
        return (root + folder == "" ? "." : root + folder, String(name))
    }

    /// A name within a folder.
    static func joined(_ folder: String, _ name: String) -> String {
        folder == "." ? name : folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
    }

    /// Where the links at a path's end lead, also those that lead to nothing yet.
    ///
    /// - Throws: ``FileWriteError`` for links in a circle, and one to a name that is no UTF-8.
    static func followingLinks(_ path: String) throws(FileWriteError) -> String {
        var target = path
        for _ in 0..<40 {
            var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
            let count = readlink(target, &buffer, buffer.count)
            guard count > 0 else { return target }
            let bytes = buffer[..<count].map { UInt8(bitPattern: $0) }
            guard let link = String(validating: bytes, as: UTF8.self) else {
                throw FileWriteError(path: path, cause: "a link to '\(ByteText.shown(bytes))', which is no UTF-8")
            }
            target = link.hasPrefix("/") ? link : joined(parts(target).folder, link)
        }
        throw FileWriteError(path: path, cause: String(cString: strerror(ELOOP)))
    }
}

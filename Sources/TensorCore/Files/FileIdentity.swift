import Foundation

/// A file or folder as the system knows it, whatever path leads there and whether it exists yet.
package struct FileIdentity: Hashable, Sendable {
    /// What exists of the path: the file itself, or else the folder that is nearest to it.
    private let device, inode: UInt64
    /// The names below that do not exist yet.
    private let missing: [String]

    /// Looks a path up; nil for one of which nothing can be found.
    init?(_ path: String) {
        var (existing, missing) = ((try? OutputPath.followingLinks(path)) ?? path, [String]())
        while true {
            if let found = Self.status(existing) {
                (device, inode) = found
                self.missing = missing
                return
            }
            let (folder, name) = OutputPath.parts(existing)
            guard folder != existing, !name.isEmpty else { return nil }
            missing.insert(name, at: 0)
            existing = folder
        }
    }

    /// Looks up what is there, a link followed; nil where nothing is.
    package init?(existing path: FilePath) {
        guard let found = path.status() else { return nil }
        (device, inode) = (UInt64(truncatingIfNeeded: found.st_dev), UInt64(found.st_ino))
        missing = []
    }

    /// How many steps lead down from a folder to one that it holds: 0 for the folder itself.
    ///
    /// - Parameter path: of a folder that may not exist yet.
    /// - Returns: nil for one that the folder does not hold.
    static func depth(of path: String, in folder: String) -> Int? {
        guard let wanted = status(folder) else { return nil }
        var (current, depth) = (path, 0)
        // Up by names while there is nothing of these names, then by the system's own way up.
        while status(current) == nil {
            let outer = OutputPath.parts(current).folder
            guard outer != current else { return nil }
            (current, depth) = (outer, depth + 1)
        }
        while let here = status(current) {
            if here == wanted { return depth }
            guard let above = status(current + "/.."), above != here else { return nil }
            (current, depth) = (current + "/..", depth + 1)
        }
        return nil
    }

    private static func status(_ path: String) -> (device: UInt64, inode: UInt64)? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return (UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino))
    }
}

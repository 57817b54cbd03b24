import Datasets
import Foundation
import TensorCore

/// Where labelled images lie.
enum ImagePlace {
    /// A folder with a subfolder for each class.
    case folders(FilePath)
    /// A table of files and their classes, beside the files or above them.
    case table(ImageTable)
    /// Tar archives, and the file of their classes' names.
    case archives([FilePath], names: FilePath?)

    /// Looks at a folder.
    ///
    /// - Returns: nil for one that is none of these.
    init?(_ listing: FolderListing, in path: FilePath) throws {
        let table = try listing.files.first { $0.name == ImageTable.name }.map { try ImageTable($0.path) }
        if let table, table.leads {
            self = .table(table)
        } else if try Self.isOfFolders(listing), table == nil || listing.folders.count > 1 {
            self = .folders(path)
        } else if let table {
            // Its first line names no file, which whoever reads it says.
            self = .table(table)
        } else if case let archives = Self.archives(in: listing), !archives.isEmpty {
            self = .archives(archives.map(\.path), names: ClassNamesFile.find(in: path))
        } else {
            return nil
        }
    }

    /// Files of a folder that are tar archives by their names; one that is none is a fault of it.
    static func archives(in listing: FolderListing) -> [FolderEntry] {
        listing.files.filter { $0.name.lowercased().hasSuffix(".tar") }
    }

    /// Whether an image lies directly in one of the subfolders, or deeper in two of them or more, none of which is
    /// divided into parts.
    private static func isOfFolders(_ listing: FolderListing) throws -> Bool {
        let folders = listing.folders
        if try folders.contains(where: { try holdsImages($0, atAnyDepth: false) }) { return true }
        guard folders.count > 1 else { return false }
        let isDivided = folders.contains { folder in
            let inner = (try? FolderListing(folder.path).folders) ?? []
            return !inner.isEmpty && inner.allSatisfy { DataLayout.isPart($0.name) }
        }
        return try !isDivided && folders.count { try holdsImages($0, atAnyDepth: true) } > 1
    }

    private static func holdsImages(_ folder: FolderEntry, atAnyDepth isDeep: Bool) throws -> Bool {
        var known: Set<FileIdentity> = []
        return try holdsImages(folder, isDeep, &known)
    }

    /// Whether a PNG or JPEG file lies in a folder, or beneath; files that cannot be read are none.
    ///
    /// - Parameter known: the folders that were looked at, to which links can lead back.
    private static func holdsImages(
        _ folder: FolderEntry, _ isDeep: Bool, _ known: inout Set<FileIdentity>
    ) throws -> Bool {
        guard let identity = FileIdentity(existing: folder.path), known.insert(identity).inserted,
            let listing = try? FolderListing(folder.path)
        else { return false }
        if try listing.files.contains(where: { try DataLayout.kind(of: $0)?.isImage == true }) { return true }
        guard isDeep else { return false }
        for inner in listing.folders where try holdsImages(inner, isDeep, &known) { return true }
        return false
    }
}

import Foundation

/// A file or folder that a program was asked to read or to write, and the option that says so.
package struct NamedFile {
    /// What the program does with it.
    package enum Use {
        /// A file that is read.
        case read
        /// A folder of data that is read with all in it.
        ///
        /// - Parameter isData: whether a file directly in it, by its name, is one of them.
        case data(isData: (_ name: String) -> Bool)
        /// A file that is written.
        case written
        /// A folder that is created if need be.
        ///
        /// - Parameter files: the names of those that are written in it.
        case folder(files: [String])
    }

    /// With its dashes.
    package let option: String
    package let path: String
    package let use: Use

    package init(_ option: String, _ path: String, _ use: Use) {
        self.option = option
        self.path = path
        self.use = use
    }

    /// A choice of files that no program can follow: wrong usage, whatever lies on the disk.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String

        fileprivate init(_ file: NamedFile, _ problem: String) { description = "\(file.option): \(problem)" }
    }

    /// Makes sure that what will be written is nothing that is read and nothing else that is written, and that it can
    /// be written at all; leaves nothing behind.
    ///
    /// - Throws: ``Fault`` for an output that is an input, another output or a folder's name, or that lies where it
    ///   would pass for data; ``FileWriteError`` for one that cannot be written.
    package static func check(_ files: [NamedFile]) throws {
        for file in files { try file.checkName() }
        let single = files.flatMap(\.single)
        for (place, output) in single.enumerated() where output.isWritten {
            for other in files { try output.check(against: other) }
            for (otherPlace, other) in single.enumerated() where !other.isWritten || otherPlace < place {
                try output.checkIsNot(other)
            }
        }
        for file in files { try file.checkCanBeWritten() }
    }

    private var url: URL { URL(fileURLWithPath: path) }

    private var isWritten: Bool {
        switch use {
        case .written, .folder: true
        case .read, .data: false
        }
    }

    /// The files that are written in a folder beside the folder itself.
    private var single: [NamedFile] {
        guard case .folder(let files) = use else { return [self] }
        return [self] + files.map { NamedFile(option, OutputPath.joined(path, $0), .written) }
    }

    private func checkName() throws(Fault) {
        guard case .written = use else { return }
        let end = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        var status = stat()
        let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
        guard !isFolder, !["", ".", ".."].contains(end) else {
            throw Fault(
                self,
                path.isEmpty
                    ? "'' found, the name of a file expected" : "'\(path)' is the name of a folder; give that of a file"
            )
        }
    }

    private func checkIsNot(_ other: NamedFile) throws(Fault) {
        // Of one option, the names differ; what was kept by a hard link is the same file until it is written anew.
        guard option != other.option, let found = FileIdentity(other.path) else { return }
        guard [FileIdentity(path), temporary].contains(found) else { return }
        let name = path == other.path ? path : "\(path), which is \(other.path),"
        throw Fault(self, "\(name) is the file of \(other.option) too; give another one")
    }

    /// What the file is called while it is written.
    private var temporary: FileIdentity? {
        guard case .written = use else { return nil }
        return FileIdentity(PendingFile.temporary(of: (try? OutputPath.followingLinks(path)) ?? path))
    }

    private func check(against data: NamedFile) throws(Fault) {
        guard case .data(let isData) = data.use else { return }
        let target = (try? OutputPath.followingLinks(path)) ?? path
        let (folder, name) = OutputPath.parts(target)
        if case .written = use {
            guard let depth = FileIdentity.depth(of: folder, in: data.path), depth > 0 || isData(name) else { return }
        } else if FileIdentity.depth(of: target, in: data.path) == nil {
            return
        }
        throw Fault(
            self,
            "\(path) lies in the folder of \(data.option) (\(data.path)), where it would pass for data; give a place "
                + "outside of it")
    }

    private func checkCanBeWritten() throws(FileWriteError) {
        switch use {
        case .read, .data: break
        case .written: try OutputFile.check(url)
        case .folder(let files): try OutputFile.checkFolder(url, files: files)
        }
    }
}

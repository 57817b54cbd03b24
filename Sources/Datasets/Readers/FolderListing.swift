import Foundation
import TensorCore

/// One entry of a folder.
public struct FolderEntry: Sendable {
    /// The folder's path and the entry's name.
    public let path: FilePath
    /// The entry's name as bytes.
    public let nameBytes: [UInt8]
    /// What it is, links followed.
    public let type: FileType

    /// The name as text, in Unicode's composed form (NFC), which every system writes alike; what is no UTF-8 is shown
    /// as U+FFFD.
    public var name: String {
        let text = String(decoding: nameBytes, as: UTF8.self)
        return text.utf8.allSatisfy { $0 < 128 } ? text : text.precomposedStringWithCanonicalMapping
    }

    /// What tells one name from another: the bytes of its composed form where it is text, else the name's own.
    public var key: [UInt8] {
        nameBytes.allSatisfy { $0 < 128 } || String(validating: nameBytes, as: UTF8.self) == nil
            ? nameBytes : Array(name.utf8)
    }

    /// What it is, as messages have it.
    public var typeInWords: String {
        guard case .unknown(let reason) = type else { return type.words }
        // It is in the listing, so that what is missing is what it leads to.
        return reason == String(cString: strerror(ENOENT))
            ? "a link to something that does not exist" : "something that cannot be looked at (\(reason))"
    }

    /// An error that the entry is of another type than it should be.
    public func error(expected: String) -> FormatError {
        FormatError(file: "\(path)", found: typeInWords, expected: expected)
    }
}

/// What lies in a folder, in the order of the names' ``FolderEntry/key``.
///
/// Left out are hidden entries and those that systems put beside others' files: `__MACOSX`, `Thumbs.db`, `desktop.ini`.
/// Everything else is there, also what cannot be looked at.
public struct FolderListing: Sendable {
    /// All entries.
    public let entries: [FolderEntry]
    /// The names of those that are left out.
    public let leftOut: [String]

    /// Folders, and links to folders.
    public var folders: [FolderEntry] { entries.filter { $0.type == .folder } }

    /// Regular files, and links to them.
    public var files: [FolderEntry] { entries.filter { $0.type == .file } }

    /// Neither files nor folders: pipes, links that lead nowhere, what may not be looked at.
    public var others: [FolderEntry] { entries.filter { $0.type != .file && $0.type != .folder } }

    /// Lists a folder.
    ///
    /// - Throws: `FormatError` when it is missing, is a file, or may not be read; `MachineError` where the machine
    ///   cannot read it.
    public init(_ url: URL) throws { try self.init(FilePath(url)) }

    /// Lists a folder, as ``init(_:)-(URL)``.
    public init(_ path: FilePath) throws {
        let all = try Self.names(path)
        leftOut = all.filter { Self.isPassedOver($0.name) }.map { String(decoding: $0.name, as: UTF8.self) }.sorted()
        entries = try all.filter { !Self.isPassedOver($0.name) }.map { name, type in
            let own = path.appending(name)
            return FolderEntry(path: own, nameBytes: name, type: try type ?? FileType(of: own))
        }.map { (entry: $0, key: $0.key) }.sorted {
            $0.key != $1.key
                ? $0.key.lexicographicallyPrecedes($1.key)
                : $0.entry.nameBytes.lexicographicallyPrecedes($1.entry.nameBytes)
        }.map(\.entry)
    }

    /// The names in a folder, with what each is where the folder says it: it does not follow links, and on some file
    /// systems it says nothing.
    private static func names(_ path: FilePath) throws -> [(name: [UInt8], type: FileType?)] {
        guard let folder = path.withCString({ opendir($0) }) else { throw refusal(path, errno) }
        defer { closedir(folder) }
        var names: [(name: [UInt8], type: FileType?)] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                if errno != 0 { throw MachineError("\(path)", reading: errno) }
                return names
            }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard name != [UInt8(ascii: ".")], name != Array("..".utf8) else { continue }
            let type: FileType? =
                switch Int(entry.pointee.d_type) {
                case Int(DT_REG): .file
                case Int(DT_DIR): .folder
                default: nil
                }
            names.append((name, type))
        }
    }

    /// Whether an entry of this name is left out of listings.
    package static func isPassedOver(_ name: some Collection<UInt8>) -> Bool {
        if name.first == UInt8(ascii: ".") { return true }
        return ["__macosx", "thumbs.db", "desktop.ini"].contains(String(decoding: name, as: UTF8.self).lowercased())
    }

    private static func refusal(_ path: FilePath, _ code: Int32) -> any Error {
        switch code {
        case ENOENT: FormatError(file: "\(path)", problem: "no such file or folder")
        case ENOTDIR: FormatError(file: "\(path)", found: "a file", expected: "a folder")
        case EACCES, EPERM: FormatError(file: "\(path)", problem: "no permission to read the folder")
        case _ where MachineError.isMachineFault(code): MachineError("\(path)", reading: code)
        default: FormatError(file: "\(path)", problem: "cannot be opened: \(String(cString: strerror(code)))")
        }
    }
}

import Foundation

/// A path as the system has it: bytes, which need not be text.
///
/// An address (`URL`) replaces bytes that are no UTF-8, and then names no file. Entries of a folder have paths of this
/// kind, so that files of every name are opened.
public struct FilePath: Hashable, Sendable, CustomStringConvertible {
    /// Without the zero that ends it in C.
    public let bytes: [UInt8]

    /// The path that an address was made from, relative if it was.
    public init(_ url: URL) { bytes = Array(url.relativePath.utf8) }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// The path of an entry of this folder.
    public func appending(_ name: [UInt8]) -> FilePath {
        FilePath(bytes: bytes + (bytes.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]) + name)
    }

    /// The path of the folder that holds it, as far as its names say.
    package var folder: FilePath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return FilePath(bytes: Array(".".utf8)) }
        return FilePath(bytes: Array(bytes[..<max(1, slash)]))
    }

    /// Its last name.
    package var name: [UInt8] { Array(bytes[(bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]) }

    /// As text; what is no UTF-8 is shown as U+FFFD.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// Calls the closure with the path as C takes it.
    public func withCString<R>(_ body: (UnsafePointer<CChar>) -> R) -> R {
        (bytes + [0]).withUnsafeBytes { raw in
            raw.withMemoryRebound(to: CChar.self) { characters in
                // There is at least the zero.
                characters.baseAddress.map(body) ?? body("")
            }
        }
    }

    /// What `stat` says of it, a link followed; nil where it says nothing, with the reason in `errno`.
    func status() -> stat? {
        var status = stat()
        return withCString { stat($0, &status) } == 0 ? status : nil
    }
}

/// What a path leads to, links followed.
public enum FileType: Hashable, Sendable {
    case file, folder
    /// Something else, in words: "a pipe".
    case other(String)
    /// It cannot be looked at, and why: "No such file or directory".
    case unknown(String)

    /// Looks at a path.
    ///
    /// - Throws: ``MachineError`` where the machine fails; a link that leads nowhere is ``unknown(_:)``.
    public init(of path: FilePath) throws(MachineError) {
        guard let status = path.status() else {
            let code = errno
            if MachineError.isMachineFault(code) { throw MachineError("\(path)", reading: code) }
            self = .unknown(String(cString: strerror(code)))
            return
        }
        self.init(status)
    }

    init(_ status: stat) {
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .folder
        case S_IFIFO: self = .other("a pipe")
        case S_IFSOCK: self = .other("a socket")
        default: self = .other("a device")
        }
    }

    /// As messages name it.
    public var words: String {
        switch self {
        case .file: "a file"
        case .folder: "a folder"
        case .other(let words), .unknown(let words): words
        }
    }
}

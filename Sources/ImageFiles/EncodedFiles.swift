import Datasets
import Foundation
import TensorCore

/// Image files, wherever their bytes lie, by their number.
protocol EncodedFiles: Sendable {
    var count: Int { get }

    /// What errors call a file.
    func name(of number: Int) -> String

    /// The size of a file in bytes, and its first bytes as `FileKind` takes them.
    func start(of number: Int) throws -> (size: Int, bytes: [UInt8])

    func bytes(of number: Int) throws -> [UInt8]

    /// The folder of a file that is not there any more either; nil where it is, or where files have none of their own.
    func vanishedFolder(of number: Int) -> FilePath?
}

extension EncodedFiles {
    func vanishedFolder(of number: Int) -> FilePath? { nil }
}

/// Files of their own.
struct SeparateFiles: EncodedFiles {
    let paths: [FilePath]

    var count: Int { paths.count }

    func name(of number: Int) -> String { "\(paths[number])" }

    func start(of number: Int) throws -> (size: Int, bytes: [UInt8]) {
        let file = try FileReader(paths[number])
        return (file.size, try file.next(FileKind.startSize))
    }

    func bytes(of number: Int) throws -> [UInt8] { try [UInt8](InputFile.read(paths[number])) }

    func vanishedFolder(of number: Int) -> FilePath? {
        let folder = paths[number].folder
        return (try? FileType(of: folder)) == .folder ? nil : folder
    }
}

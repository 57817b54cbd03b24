import Foundation
import TensorCore

/// A file of a known layout that is read from front to back, gzipped or not; which of the two its first bytes say.
///
/// Every error names the file and the place. Memory is asked for only when the file's size justifies it.
final class DataFile {
    /// The path as the caller gave it, for errors.
    let name: String
    /// Bytes read so far, after decompression.
    private(set) var position = 0
    /// The most bytes that can come out of the file.
    private let largestSize: Int
    private let file: FileReader
    private let gzip: GzipStream?

    /// Opens a regular file.
    init(_ url: URL) throws {
        let file = try FileReader(FilePath(url))
        (name, self.file) = ("\(file.path)", file)
        let start = try file.next(FileKind.startSize)
        file.rewind()
        if FileKind(start) == .gzip {
            gzip = try GzipStream { try file.next(1 << 16) }
            largestSize = file.size.multipliedReportingOverflow(by: GzipStream.largestRatio).partialValue
        } else {
            gzip = nil
            largestSize = file.size
        }
    }

    /// The next bytes, exactly as many as asked for.
    ///
    /// - Throws: `FormatError` when the file cannot hold so many, or does not.
    func read(_ count: Int, of what: String) throws -> [UInt8] {
        try checkHolds(count, of: what)
        let start = position
        let bytes = try upTo(count, of: what)
        guard bytes.count == count else {
            throw error(at: start, found: bytes.count.counted("byte"), expected: "\(count.counted("byte")) of \(what)")
        }
        return bytes
    }

    /// Refuses more bytes than can follow in a file of this size.
    func checkHolds(_ count: Int, of what: String) throws {
        guard count <= largestSize - min(position, largestSize) else {
            throw error(
                found: gzip == nil
                    ? (largestSize - position).counted("byte") : "a gzip file that can hold \(largestSize)",
                expected: "\(count.counted("byte")) of \(what)")
        }
    }

    /// All bytes that are left, however many a compressed file holds.
    ///
    /// - Throws: `FormatError` when they are more than the limit.
    func readToEnd(atMost limit: Int, of what: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece = try upTo(1 << 20, of: what)
            if piece.isEmpty { return bytes }
            guard piece.count <= limit - bytes.count else {
                throw error(at: limit, found: "more bytes", expected: "at most \(limit) bytes of \(what)")
            }
            bytes += piece
        }
    }

    /// Checks that nothing follows.
    func expectEnd() throws {
        guard try upTo(1, of: "the end").isEmpty else {
            throw error(at: position - 1, found: "more bytes", expected: "the end of the file")
        }
    }

    /// The next bytes, fewer only where the file ends.
    private func upTo(_ count: Int, of what: String) throws -> [UInt8] {
        // Asked for here because an array that the memory cannot hold would stop the program: a sparse file may be big.
        try MachineMemory.require(count, for: name)
        var failure: (any Error)?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do { initialized = try fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count])) } catch {
                failure = error
            }
        }
        if let failure { throw error(reading: what, failure) }
        position += bytes.count
        return bytes
    }

    /// An error at the present position, or at another.
    func error(at position: Int? = nil, found: String, expected: String) -> FormatError {
        FormatError(file: name, place: "at byte \(position ?? self.position)", found: found, expected: expected)
    }

    private func error(reading what: String, _ failure: any Error) -> any Error {
        guard let corrupt = failure as? GzipStream.Corrupt else { return failure }
        if corrupt.isMachineFault { return MachineError(name, corrupt.reason) }
        return FormatError(
            file: name, place: "at byte \(position)", problem: "damaged gzip data within \(what) (\(corrupt.reason))",
            advice: "copy or download the file again")
    }

    private func fill(_ buffer: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
        if let gzip { return try gzip.read(into: buffer) }
        return try file.read(into: UnsafeMutableRawBufferPointer(buffer))
    }
}

import Foundation

/// A regular file from outside the program, open to be read from front to back.
public final class FileReader: Sendable {
    /// The file's path as it was given.
    public let path: FilePath
    /// The file's size in bytes when it was opened.
    public let size: Int
    private let descriptor: Int32

    /// Opens a file; a device, pipe or folder is refused rather than waited for.
    ///
    /// - Throws: ``FormatError`` for a file that is missing, without permission or not regular; ``MachineError`` where
    ///   the machine cannot open it.
    public init(_ path: FilePath) throws {
        self.path = path
        // O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
        let descriptor = path.withCString { open($0, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw Self.refusal(path, errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw MachineError("\(path)", reading: code)
        }
        let type = FileType(status)
        guard type == .file else {
            close(descriptor)
            throw FormatError(file: "\(path)", found: type.words, expected: "a regular file")
        }
        self.descriptor = descriptor
        size = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Reads on, until the buffer is full or the file ends.
    ///
    /// - Returns: how many bytes were read.
    /// - Throws: ``MachineError`` where the machine cannot read on.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(MachineError) -> Int {
        var filled = 0
        while filled < buffer.count, let start = buffer.baseAddress {
            let result = Foundation.read(descriptor, start + filled, min(buffer.count - filled, 1 << 30))
            if result < 0 && errno == EINTR { continue }
            // Nothing that a regular file holds makes reading it fail.
            guard result >= 0 else { throw MachineError("\(path)", reading: errno) }
            if result == 0 { break }
            filled += result
        }
        return filled
    }

    /// The next bytes, fewer where the file ends; for small numbers of them.
    public func next(_ count: Int) throws(MachineError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var result: Result<Int, MachineError> = .success(0)
        bytes.withUnsafeMutableBytes { buffer in
            do throws(MachineError) { result = .success(try read(into: buffer)) } catch { result = .failure(error) }
        }
        return Array(bytes.prefix(try result.get()))
    }

    /// Goes back to the file's beginning.
    public func rewind() { move(to: 0) }

    /// Goes to a byte, from which the next read starts.
    package func move(to place: Int) { lseek(descriptor, off_t(place), SEEK_SET) }

    /// Why a file cannot be opened.
    private static func refusal(_ path: FilePath, _ code: Int32) -> any Error {
        // A socket and some devices cannot be opened at all; that says nothing of the machine.
        if let status = path.status(), case .other(let words) = FileType(status) {
            return FormatError(file: "\(path)", found: words, expected: "a regular file")
        }
        if MachineError.isMachineFault(code) { return MachineError("\(path)", reading: code) }
        return FormatError(opening: "\(path)", code)
    }
}

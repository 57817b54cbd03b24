import Foundation

/// A file of lines that grows at its end. What was written stays as it is, and the part of a line that a kill or a full
/// disk left is cut away.
public final class LineFile {
    private let descriptor: Int32
    private let path: String
    /// Bytes so far.
    public private(set) var count: Int

    /// Opens a file for more lines, or creates it.
    ///
    /// - Parameter kept: how many bytes of what is there stay; the rest is cut away.
    /// - Throws: ``FileWriteError``.
    public init(_ url: URL, keeping kept: Int) throws(FileWriteError) {
        path = url.pathAsGiven
        count = kept
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw failure(errno) }
        guard ftruncate(descriptor, off_t(kept)) == 0, lseek(descriptor, off_t(kept), SEEK_SET) == kept else {
            throw failure(errno)
        }
    }

    deinit { close(descriptor) }

    /// Adds whole lines: all of them or, on an error, none.
    ///
    /// - Throws: ``FileWriteError``, of a full disk for instance.
    public func append(_ lines: Data) throws(FileWriteError) {
        var written = 0
        while written < lines.count {
            let result = lines.withUnsafeBytes { bytes in
                write(descriptor, bytes.baseAddress.map { $0 + written }, min(lines.count - written, 1 << 30))
            }
            if result < 0 && errno == EINTR { continue }
            guard result >= 0 else {
                let error = failure(errno)
                if ftruncate(descriptor, off_t(count)) == 0 { lseek(descriptor, off_t(count), SEEK_SET) }
                if count == 0 { unlink(path) }
                throw error
            }
            written += result
        }
        count += written
    }

    /// Waits until all lines are on the disk.
    ///
    /// - Throws: ``FileWriteError``.
    public func sync() throws(FileWriteError) {
        // Some file systems know no syncing, and say EINVAL.
        if fsync(descriptor) != 0 && errno != EINVAL { throw failure(errno) }
    }

    private func failure(_ code: Int32) -> FileWriteError {
        FileWriteError(path: path, cause: String(cString: strerror(code)))
    }

    /// Reads the lines at the beginning of a file one after another, without their ends, in constant memory.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - end: how many bytes are read, at most. A line that is not ended there is left out.
    ///   - body: gets each line.
    /// - Returns: the bytes of the lines that were read, with their ends.
    /// - Throws: ``FormatError`` for a file that is missing or not regular, ``MachineError`` for one that the machine
    ///   cannot read, and what the closure throws.
    @discardableResult
    public static func read(_ url: URL, upTo end: Int = .max, line body: (Data) throws -> Void) throws -> Int {
        let path = url.pathAsGiven
        func failure(_ code: Int32) -> any Error {
            MachineError.isMachineFault(code)
                ? MachineError(path, reading: code)
                : FormatError(opening: path, code)
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FormatError(file: path, found: "a folder, device or pipe", expected: "a regular file")
        }
        var (rest, done, left) = (Data(), 0, end)
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        while left > 0 {
            let size = min(chunk.count, left)
            let result = chunk.withUnsafeMutableBytes { Foundation.read(descriptor, $0.baseAddress, size) }
            if result < 0 && errno == EINTR { continue }
            guard result >= 0 else { throw failure(errno) }
            if result == 0 { break }
            left -= result
            var start = 0
            while let newline = chunk[start..<result].firstIndex(of: 0x0A) {
                rest.append(contentsOf: chunk[start..<newline])
                done += rest.count + 1
                try body(rest)
                rest.removeAll(keepingCapacity: true)
                start = newline + 1
            }
            rest.append(contentsOf: chunk[start..<result])
            guard rest.count < 1 << 30 else {
                throw FormatError(file: path, found: "a line of more than 1 GB", expected: "lines of text")
            }
        }
        return done
    }
}

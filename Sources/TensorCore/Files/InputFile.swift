import Foundation

/// Reads whole files from outside the program.
public enum InputFile {
    /// The file's bytes.
    ///
    /// Memory is taken for what the file holds, once; a device, pipe or folder is refused rather than waited for.
    ///
    /// - Throws: ``FormatError`` for a file that is missing, unreadable, not regular, too big for the memory, or that
    ///   shrinks while it is read.
    public static func read(_ url: URL) throws(FormatError) -> Data {
        let path = url.path(percentEncoded: false)
        guard url.isFileURL else {
            throw FormatError(file: url.absoluteString, found: "an address", expected: "the path of a file")
        }
        // O_NONBLOCK: opening a pipe that nobody writes to would wait for ever.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FormatError(file: path, found: "a folder, device or pipe", expected: "a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { return Data() }
        // malloc and not Data(count:): a sparse file may claim more than the machine has, which only malloc reports.
        guard let buffer = malloc(size) else {
            throw FormatError(file: path, found: "\(size) bytes", expected: "a file that fits into memory")
        }
        var filled = 0
        while filled < size {
            let result = Foundation.read(descriptor, buffer + filled, min(size - filled, 1 << 30))
            if result < 0 && errno == EINTR { continue }
            guard result > 0 else {
                let error =
                    result < 0
                    ? failure(path) : FormatError(file: path, found: "end at byte \(filled)", expected: "\(size) bytes")
                free(buffer)
                throw error
            }
            filled += result
        }
        return Data(bytesNoCopy: buffer, count: size, deallocator: .free)
    }

    private static func failure(_ path: String) -> FormatError {
        FormatError(file: path, found: String(cString: strerror(errno)), expected: "a readable file")
    }
}

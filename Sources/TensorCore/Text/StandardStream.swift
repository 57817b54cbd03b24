import Foundation

/// What a program says: results on standard output, all else on standard error.
public enum StandardStream {
    /// Writes a line of progress or of warning to standard error. One that cannot be written is dropped: work goes on
    /// though its log is full.
    ///
    /// Control characters are written as escapes.
    public static func say(_ line: String) { show(line.shownInLines + "\n") }

    /// Writes a result to standard output as it is.
    ///
    /// - Throws: ``FileWriteError`` for a full disk, a closed stream, a pipe that nobody reads, …
    public static func write(_ result: String) throws(FileWriteError) {
        guard write(result, to: STDOUT_FILENO) else { throw FileWriteError(path: "standard output") }
    }

    /// Makes the streams safe to write to: call it before anything is opened.
    ///
    /// A stream that is closed is opened on `/dev/null` for reading alone, so that no file gets its number and writing
    /// to it fails; a pipe that nobody reads and a file at its limit fail too, and do not end the process.
    package static func prepare() {
        for stream in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(stream, F_GETFD) == -1 {
            _ = open("/dev/null", O_RDONLY)
        }
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
    }

    /// Writes text to standard error as it is; what cannot be written is dropped.
    package static func show(_ text: String) { _ = write(text, to: STDERR_FILENO) }

    /// The columns of the terminal that standard error is; nil where it is none, or tells no width.
    package static var terminalColumns: Int? {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// - Returns: whether all was written; `errno` says why not.
    private static func write(_ text: String, to stream: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(stream, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN && stream == STDOUT_FILENO {
                // Somebody made the pipe one that does not wait.
                var wait = pollfd(fd: stream, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wait, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}

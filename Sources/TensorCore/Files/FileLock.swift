import Foundation

/// Keeps other runs away from a file for as long as this value lives.
///
/// The lock is the system's, on `.NAME.lock` in the same folder, so it ends with the process however that ends; the
/// lock's file goes with it unless the process is killed, and then serves the next run. A symbolic link is followed.
/// Where the file system knows no locks there is none.
public final class FileLock: Sendable {
    private let descriptor: Int32
    private let path: String

    /// Takes the lock.
    ///
    /// - Throws: ``FileWriteError`` while another run has it, in this process or in another, and for a folder that
    ///   cannot be written.
    public init(_ url: URL) throws(FileWriteError) {
        let (folder, name) = OutputPath.parts(try OutputPath.followingLinks(url.pathAsGiven))
        path = OutputPath.joined(folder, ".\(name).lock")
        descriptor = try Self.locked(path, for: url.pathAsGiven)
    }

    deinit {
        // While it is locked: who waits for it sees that the name is gone, and creates another.
        unlink(path)
        close(descriptor)
    }

    private static func locked(_ path: String, for name: String) throws(FileWriteError) -> Int32 {
        while true {
            // Nothing is written: another user's file, too, can be locked.
            let descriptor = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o666)
            guard descriptor >= 0 else { throw FileWriteError(path: name, cause: String(cString: strerror(errno))) }
            var failure: Int32 = 0
            repeat { failure = flock(descriptor, LOCK_EX | LOCK_NB) == 0 ? 0 : errno } while failure == EINTR
            if failure == EWOULDBLOCK {
                close(descriptor)
                throw FileWriteError(path: name, cause: "another run is using it; wait for its end, or stop it")
            }
            var held = stat()
            var named = stat()
            if fstat(descriptor, &held) == 0, stat(path, &named) == 0, held.st_ino == named.st_ino,
                held.st_dev == named.st_dev
            {
                return descriptor
            }
            close(descriptor)
        }
    }
}

import Foundation

/// Runs the closure as on a disk that fills up: a file cannot grow beyond so many bytes, and a write stops half-way.
///
/// The limit is the process's: call it in an exit test.
public func onFullDisk(after bytes: Int, _ body: () throws -> Void) throws {
    #if os(Linux)
        let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    #else
        let resource = RLIMIT_FSIZE
    #endif
    signal(SIGXFSZ, SIG_IGN)
    var free = rlimit()
    guard getrlimit(resource, &free) == 0 else { throw POSIXError(.EINVAL) }
    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: free.rlim_max)
    guard setrlimit(resource, &limit) == 0 else { throw POSIXError(.EINVAL) }
    defer { setrlimit(resource, &free) }
    try body()
}

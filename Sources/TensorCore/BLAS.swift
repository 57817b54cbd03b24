import COpenBLAS
import Foundation
import Synchronization

/// The library that multiplies matrices.
public enum BLAS {
    /// Its name, version and build options, as it gives them: `OpenBLAS 0.3.26 NO_AFFINITY …`.
    public static var configuration: String { String(cString: openblas_get_config()) }

    /// The kind of processor whose kernels it chose.
    public static var core: String { String(cString: openblas_get_corename()) }

    /// What it maps for each thread that computes at once: `BUFFER_SIZE` of its common_x86_64.h, the largest of all
    /// processors. Little of it is ever touched.
    private static let bufferSize = 128 << 20

    /// The threads that it starts by itself when it is loaded, each of which maps a buffer too.
    private static let ownThreads = Int(openblas_get_num_threads()) - 1

    private static let isPrepared = Mutex(false)

    /// Holds OpenBLAS to one thread in a call, and takes the address space that it computes in.
    ///
    /// Where it gets none it asks again for ever, so this comes before the first product, once: later calls do nothing.
    ///
    /// - Parameter threads: how many compute at once.
    /// - Throws: ``MachineError`` where a limit (`ulimit -v`) leaves too little.
    public static func prepare(threads: Int) throws(MachineError) {
        try isPrepared.withLock { isPrepared throws(MachineError) in
            guard !isPrepared else { return }
            // Some of its own may have theirs already, which cannot be told.
            let buffers = ownThreads + threads
            openblas_set_num_threads(1)
            guard canMap(buffers) else {
                throw MachineError(
                    "OpenBLAS",
                    "needs \(buffers * bufferSize) bytes of address space for \(threads.counted("thread")), which a "
                        + "limit (ulimit -v) does not leave: raise it, or compute on fewer threads")
            }
            take(threads)
            isPrepared = true
        }
    }

    /// Ends the program as `exit` does.
    ///
    /// OpenBLAS waits there for its own threads, for ever where these find no memory: then nobody waits.
    public static func exit(_ code: Int32) -> Never {
        guard canMap(ownThreads) else { _exit(code) }
        Foundation.exit(code)
    }

    /// Whether so many buffers can be mapped, as OpenBLAS maps them.
    private static func canMap(_ buffers: Int) -> Bool {
        var mapped: [UnsafeMutableRawPointer] = []
        defer { for start in mapped { munmap(start, bufferSize) } }
        for _ in 0..<buffers {
            let start = mmap(nil, bufferSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            guard let start, start != MAP_FAILED else { return false }
            mapped.append(start)
        }
        return true
    }

    /// Lets OpenBLAS map buffers now and keep them, before data and stacks of threads take the room. They are no part
    /// of its interface: where it does not give these functions, the room that there was has to do.
    private static func take(_ buffers: Int) {
        guard let allocate = dlsym(nil, "blas_memory_alloc"), let free = dlsym(nil, "blas_memory_free") else { return }
        typealias Allocation = @convention(c) (Int32) -> UnsafeMutableRawPointer?
        typealias Release = @convention(c) (UnsafeMutableRawPointer) -> Void
        // More than these are more than it has places for.
        let taken = (0..<min(buffers, 32)).compactMap { _ in unsafeBitCast(allocate, to: Allocation.self)(0) }
        for buffer in taken { unsafeBitCast(free, to: Release.self)(buffer) }
    }
}

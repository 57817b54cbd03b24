import Synchronization

/// Free buffers of tensors, kept by size class for the next tensor of that size.
///
/// A training step asks for the same sizes again and again; after the first steps every buffer comes from here and
/// the system's allocator (and its page faults) is out of the picture.
public enum StoragePool {
    /// How often a buffer came from the pool, how often from the system, and what is held now.
    public struct Statistics: Sendable, Equatable {
        /// Buffers handed out that had been used before.
        public internal(set) var reused = 0
        /// Buffers handed out that had to be allocated.
        public internal(set) var allocated = 0
        /// Bytes lying in free lists.
        public internal(set) var idleBytes = 0
        /// Bytes in tensors that are alive.
        public internal(set) var liveBytes = 0
        /// The largest ``liveBytes`` since the last ``StoragePool/resetPeak()``.
        public internal(set) var peakLiveBytes = 0
    }

    struct State: ~Copyable {
        var free: [Int: [UnsafeMutableRawPointer]] = [:]
        var statistics = Statistics()
    }

    static let alignment = 64
    /// No buffer has more elements, whatever they are, so that sizes in bytes and their classes are Ints.
    static let largestCount = Int.max / 16
    static let state = Mutex(State())

    /// A snapshot of the counters.
    public static var statistics: Statistics { state.withLock { $0.statistics } }

    /// Starts a new measurement of ``Statistics/peakLiveBytes``.
    public static func resetPeak() {
        state.withLock { $0.statistics.peakLiveBytes = $0.statistics.liveBytes }
    }

    /// Gives all idle buffers back to the system.
    public static func trim() {
        state.withLock { state in
            for list in state.free.values { for buffer in list { buffer.deallocate() } }
            state.free = [:]
            state.statistics.idleBytes = 0
        }
    }

    /// The size class of a request: at most a quarter above it, a multiple of the alignment.
    static func capacity(forBytes bytes: Int) -> Int {
        guard bytes > 4 * alignment else { return (max(bytes, 1) + alignment - 1) / alignment * alignment }
        let quarter = 1 << (Int.bitWidth - 1 - (bytes - 1).leadingZeroBitCount - 2)
        return (bytes + quarter - 1) / quarter * quarter
    }

    static func take(bytes: Int) -> UnsafeMutableRawPointer {
        let capacity = capacity(forBytes: bytes)
        let pooled: UInt? = state.withLock { state in
            state.statistics.liveBytes += capacity
            state.statistics.peakLiveBytes = max(state.statistics.peakLiveBytes, state.statistics.liveBytes)
            guard let buffer = state.free[capacity]?.popLast() else {
                state.statistics.allocated += 1
                return nil
            }
            state.statistics.reused += 1
            state.statistics.idleBytes -= capacity
            return UInt(bitPattern: buffer)
        }
        return pooled.flatMap(UnsafeMutableRawPointer.init(bitPattern:))
            ?? .allocate(byteCount: capacity, alignment: alignment)
    }

    static func giveBack(_ buffer: UnsafeMutableRawPointer, bytes: Int) {
        let capacity = capacity(forBytes: bytes)
        let address = UInt(bitPattern: buffer)
        state.withLock { state in
            state.statistics.liveBytes -= capacity
            state.statistics.idleBytes += capacity
            if let buffer = UnsafeMutableRawPointer(bitPattern: address) {
                state.free[capacity, default: []].append(buffer)
            }
        }
    }
}

/// The elements of one or more tensors that share them. Aligned to 64 bytes; goes back to the pool with its last owner.
final class TensorStorage: @unchecked Sendable {
    // Sendable because only a unique owner writes (copy-on-write in Tensor), and all others read.
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        require(count <= StoragePool.largestCount, "Tensor: no memory holds \(count) elements")
        self.count = count
        base = StoragePool.take(bytes: count * MemoryLayout<Float>.stride).bindMemory(to: Float.self, capacity: count)
    }

    deinit { StoragePool.giveBack(UnsafeMutableRawPointer(base), bytes: count * MemoryLayout<Float>.stride) }
}

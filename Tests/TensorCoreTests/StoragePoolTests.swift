import Testing

@testable import TensorCore

@Suite struct StoragePoolTests {
    @Test("A size class holds its request, wastes at most a quarter, and is aligned")
    func capacities() {
        for bytes in Array(0...5000) + [1 << 20, (1 << 20) + 1, 3 << 30, 1 << 40] {
            let capacity = StoragePool.capacity(forBytes: bytes)
            #expect(capacity >= bytes && capacity % StoragePool.alignment == 0)
            #expect(capacity <= max(64, bytes + bytes / 4) || capacity - bytes < 64)
            #expect(StoragePool.capacity(forBytes: capacity) == capacity)
        }
    }

    @Test("A steady loop takes no new memory: every buffer comes from the pool, and the peak does not grow")
    func steady() async {
        // In a process of its own: the counters are the process's.
        await #expect(processExitsWith: .success) {
            func step() { _ = (Tensor.ones([100, 100]) + Tensor.ones([100, 100])).sum() }
            for _ in 0..<3 { step() }
            let before = StoragePool.statistics
            for _ in 0..<10 { step() }
            let after = StoragePool.statistics
            #expect(after.allocated == before.allocated && after.reused == before.reused + 30)
            #expect(after.liveBytes == before.liveBytes && after.peakLiveBytes == before.peakLiveBytes)
            #expect(after.idleBytes >= 3 * 40_000)
            StoragePool.trim()
            #expect(StoragePool.statistics.idleBytes == 0)
            StoragePool.resetPeak()
            #expect(StoragePool.statistics.peakLiveBytes == StoragePool.statistics.liveBytes)
        }
    }

    @Test("Buffers are aligned to 64 bytes, the smallest too")
    func alignment() {
        for count in [0, 1, 3, 17, 1000] {
            let tensor = Tensor.zeros([count])
            #expect(UInt(bitPattern: tensor.pointer) % 64 == 0)
        }
    }
}

import CLimits
import Retort

/// What this processor does at most at the SIMD level in use, on one thread and on several: the roofs of a roofline
/// (Williams, Waterman and Patterson, 2009).
struct MachineLimits {
    /// What was measured on a number of threads.
    struct Row {
        let threads: Int
        /// Multiply-adds in registers, in operations a second.
        let operations: Double
        /// Bytes read and written a second, by the extent of what is copied.
        let copies: [Double]
    }

    /// For one thread, and for all that were asked for.
    let rows: [Row]

    /// From what fits the first-level cache to what fits none: bytes that a thread copies at a time.
    private static let extents = [("16 KiB", 16 << 10), ("256 KiB", 256 << 10), ("64 MiB", 64 << 20)]

    init(threads: Int, seconds: Double) {
        rows = Set([1, threads]).sorted().map { threads in
            Parallel.withThreads(threads) {
                Row(
                    threads: threads, operations: multiplyAddRate(threads, seconds),
                    copies: Self.extents.map { copyRate(bytes: $0.1, threads, seconds) })
            }
        }
    }

    /// As markdown.
    var table: String {
        let copies = Self.extents.map { "copy of \($0.0), GB/s" }.joined(separator: " | ")
        let header = "| \(SIMDLevel.active), threads | multiply-add, GFLOP/s | \(copies) |\n|---|---|---|---|---|\n"
        return header
            + rows.map { row in
                let figures = ([row.operations] + row.copies).map { String(Int(($0 * 1e-9).rounded())) }
                return "| \(row.threads) | \(figures.joined(separator: " | ")) |"
            }.joined(separator: "\n")
    }
}

/// Floats in a vector of the level in use; plain C has the 4 of the smallest.
private var lanes: Int32 {
    switch SIMDLevel.active {
    case .scalar, .neon: 4
    case .avx2: 8
    case .avx512, .avx512vnni: 16
    }
}

private func multiplyAddRate(_ threads: Int, _ seconds: Double) -> Double {
    let (lanes, rounds) = (lanes, 100_000)
    var seed: Float = 0
    let each = limit_multiply_add(lanes, rounds, &seed)
    let time = medianTime(within: seconds) {
        Parallel.forEach(threads) { _ in
            var result: Float = 0
            _ = limit_multiply_add(lanes, rounds, &result)
        }
    }
    return each * Double(threads) / time
}

private func copyRate(bytes: Int, _ threads: Int, _ seconds: Double) -> Double {
    let lanes = lanes
    // Half is read and half written; together they have the extent.
    let count = bytes / 2 / MemoryLayout<Float>.stride
    let repeats = max(1, (32 << 20) / bytes)
    let buffers = CopyBuffers(threads: threads, count: count)
    let time = medianTime(within: seconds) {
        Parallel.forEach(threads) { thread in
            let (from, to) = buffers.pair(thread)
            for _ in 0..<repeats { limit_copy(lanes, from, to, count) }
        }
    }
    return Double(bytes * repeats * threads) / time
}

/// Two buffers for each thread, aligned to cache lines.
private final class CopyBuffers: @unchecked Sendable {
    private let base: UnsafeMutablePointer<Float>
    private let count: Int

    init(threads: Int, count: Int) {
        let total = 2 * threads * count
        let raw = UnsafeMutableRawPointer.allocate(byteCount: total * MemoryLayout<Float>.stride, alignment: 64)
        base = raw.initializeMemory(as: Float.self, repeating: 1, count: total)
        self.count = count
    }

    deinit { base.deallocate() }

    func pair(_ thread: Int) -> (from: UnsafePointer<Float>, to: UnsafeMutablePointer<Float>) {
        let from = base + 2 * thread * count
        return (UnsafePointer(from), from + count)
    }
}

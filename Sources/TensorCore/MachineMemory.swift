import Foundation

/// Asks for memory before it is taken: arrays of Swift stop the program where there is none.
public enum MachineMemory {
    /// Makes sure that the machine has so much memory.
    ///
    /// Counts what the system says is available, without swap, and what the limits of this process leave. Nothing is
    /// reserved: other threads and programs can still take it.
    ///
    /// - Parameters:
    ///   - bytes: how much is needed beside what is in use.
    ///   - subject: for what: a file's path, `10,000 images of 1024×1024×3`.
    /// - Throws: ``MachineError`` naming both.
    public static func require(_ bytes: Int, for subject: String) throws(MachineError) {
        guard bytes <= available, canMap(bytes) else {
            throw MachineError(subject, "needs \(bytes) bytes of memory, which the machine does not have")
        }
    }

    /// The same for a product of factors, which may be more than an `Int` holds.
    public static func require(product factors: [Int], for subject: String) throws(MachineError) {
        var bytes = 1
        for factor in factors {
            let (product, overflow) = bytes.multipliedReportingOverflow(by: factor)
            guard !overflow else {
                throw MachineError(
                    subject,
                    "needs \(factors.map(String.init).joined(separator: " × ")) bytes of memory, which no machine has")
            }
            bytes = product
        }
        try require(bytes, for: subject)
    }

    /// The bytes that the system says can be taken; `Int.max` where it says nothing.
    static var available: Int {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else { return .max }
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let kilobytes = line?.split(separator: " ").lazy.compactMap { Int($0) }.first
        return kilobytes.map { $0 * 1024 } ?? .max
    }

    /// Whether the address space has room, which `ulimit -v` bounds.
    private static func canMap(_ bytes: Int) -> Bool {
        guard bytes > 0 else { return true }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE)
        guard let start = mmap(nil, bytes, PROT_NONE, flags, -1, 0), start != MAP_FAILED else { return false }
        munmap(start, bytes)
        return true
    }
}

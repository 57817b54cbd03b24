import Foundation

/// Asks for memory before it is taken: arrays of Swift stop the program where there is none.
public enum MachineMemory {
    /// So many bytes cost less than the question.
    public static let unasked = 1 << 22

    /// Makes sure that the machine has so much memory.
    ///
    /// Counts what the system says is available, without swap, and what the limits of this process and its control
    /// groups leave. Nothing is reserved: other threads and programs can still take it. Little is given unasked.
    ///
    /// - Parameters:
    ///   - bytes: how much is needed beside what is in use.
    ///   - subject: for what: a file's path, `10,000 images of 1024×1024×3`.
    /// - Throws: ``MachineError`` naming both.
    public static func require(_ bytes: Int, for subject: String) throws(MachineError) {
        guard bytes > unasked else { return }
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

    /// The bytes that the system says can be taken, and its control groups allow; `Int.max` where they say nothing.
    package static var available: Int {
        let line = lines(of: "/proc/meminfo").first { $0.hasPrefix("MemAvailable:") }
        let kilobytes = line?.split(separator: " ").lazy.compactMap { Int($0) }.first
        return min(kilobytes.map { $0 * 1024 } ?? .max, leftByGroups())
    }

    /// What the control groups of this process leave of their limits: containers and services bound memory so.
    ///
    /// Files that were read count as used until the kernel needs their room; they are given back here.
    ///
    /// - Parameter root: where the groups' files are.
    static func leftByGroups(root: String = "/sys/fs/cgroup", process: String = "/proc/self/cgroup") -> Int {
        var left = Int.max
        for line in lines(of: process) {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1].isEmpty || parts[1].split(separator: ",").contains("memory") else {
                continue
            }
            let isFirstVersion = !parts[1].isEmpty
            let names =
                isFirstVersion ? ("memory.limit_in_bytes", "memory.usage_in_bytes") : ("memory.max", "memory.current")
            // A group is bounded by those above it as well.
            var folder = root + (isFirstVersion ? "/memory" : "")
            for part in [""] + parts[2].split(separator: "/").map({ "/\($0)" }) {
                folder += part
                guard let limit = number(in: "\(folder)/\(names.0)"), let used = number(in: "\(folder)/\(names.1)")
                else { continue }
                let cached = lines(of: "\(folder)/memory.stat").first { $0.hasPrefix("inactive_file ") }
                    .flatMap { Int($0.dropFirst("inactive_file ".count)) }
                left = min(left, max(0, limit - used + (cached ?? 0)))
            }
        }
        return left
    }

    private static func number(in file: String) -> Int? { lines(of: file).first.flatMap { Int($0) } }

    private static func lines(of file: String) -> [Substring] {
        (try? String(contentsOfFile: file, encoding: .utf8))?.split(separator: "\n") ?? []
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

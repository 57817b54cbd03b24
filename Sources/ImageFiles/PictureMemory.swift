import CJPEG
import Foundation
import TensorCore

/// The memory that threads decode pictures in: where there is too little for all at once, they wait for one another.
final class PictureMemory: Sendable {
    static let shared = PictureMemory()

    private let condition = NSCondition()
    private let require: @Sendable (_ bytes: Int, _ name: String) throws -> Void
    // Read and written under the condition's lock alone.
    nonisolated(unsafe) private var spent = 0

    /// - Parameter require: throws where there is not so much memory.
    init(require: @escaping @Sendable (Int, String) throws -> Void = { try MachineMemory.require($0, for: $1) }) {
        self.require = require
    }

    /// Runs the closure once there is memory for what it needs.
    ///
    /// - Parameters:
    ///   - bytes: what it takes and gives back, or returns.
    ///   - name: the picture's file.
    /// - Throws: `MachineError` where there would be too little for this picture alone, and what the closure throws.
    func spending<R>(_ bytes: Int, for name: String, _ body: () throws -> R) throws -> R {
        guard bytes > MachineMemory.unasked else { return try body() }
        try take(bytes, for: name)
        defer { give(bytes) }
        return try body()
    }

    /// Lets the allocator keep memory that images gave back, for the next ones. GNU's would give it to the system with
    /// every batch and take it again page by page, which is a fifth of the time of decoding and augmenting photographs.
    static func keepFreed() { retort_keep_freed_images() }

    private func take(_ bytes: Int, for name: String) throws {
        condition.lock()
        defer { condition.unlock() }
        while true {
            do {
                // What others were promised they may not have taken yet.
                try require(spent + bytes, name)
                spent += bytes
                return
            } catch {
                guard spent > 0 else { throw error }
                condition.wait()
            }
        }
    }

    private func give(_ bytes: Int) {
        condition.lock()
        spent -= bytes
        condition.broadcast()
        condition.unlock()
    }
}

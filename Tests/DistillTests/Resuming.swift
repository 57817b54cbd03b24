import Foundation
import TensorCore
import Testing
import Training

/// Stops a run of epochs of three steps after the first step of each of four epochs, goes on from its checkpoint, and expects
/// what the run gives that nobody stops, on one thread and on two.
func expectSameResultAfterStops<Result: Equatable & Sendable>(
    _ run:
        @escaping @Sendable (_ checkpoint: URL?, _ progress: (@Sendable (TrainingProgress) -> Void)?) throws -> Result
) async throws {
    let whole = try Parallel.withThreads(1) { try run(nil, nil) }
    #expect(try Parallel.withThreads(2) { try run(nil, nil) } == whole)
    for epoch in 0...3 {
        let url = FileManager.default.temporaryDirectory.appending(path: "retort-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: url) }
        await Task {
            _ = try? run(url) { if $0.step == 3 * epoch + 1 { withUnsafeCurrentTask { $0?.cancel() } } }
        }.value
        #expect(try run(url, nil) == whole)
    }
}

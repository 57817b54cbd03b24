import Synchronization
import TensorCore

/// Images that go through a network together: activations of a small network stay in the second-level cache, and there
/// is enough work for every core in a usual batch.
private let imagesPerBlock = 8

/// Applies a function to a batch by blocks of images, on several cores, and joins the results.
///
/// A batch of a single block runs on the calling thread, so that the function's own parallel parts work.
///
/// - Parameter input: [N, ...].
/// - Returns: the results [n, ...] of the blocks one after another.
package func mapImages(_ input: Tensor, _ body: @Sendable (Tensor) -> Tensor) -> Tensor {
    let count = input.shape[0]
    guard count > imagesPerBlock else { return body(input) }
    let blocks = (count + imagesPerBlock - 1) / imagesPerBlock
    let results = Mutex([Tensor?](repeating: nil, count: blocks))
    Parallel.forEach(blocks) { block in
        let first = block * imagesPerBlock
        let result = body(input[rows: first..<min(first + imagesPerBlock, count)])
        results.withLock { $0[block] = result }
    }
    return .concatenated(results.withLock { $0.compactMap { $0 } }, axis: 0)
}

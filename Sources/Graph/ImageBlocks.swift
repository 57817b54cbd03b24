import Synchronization
import TensorCore

/// Images that go through a network together: activations of a small network stay in the second-level cache, and there
/// is enough work for every core in a usual batch.
private let imagesPerBlock = 8

extension Tensor {
    /// The blocks of images that go through a network one after another.
    ///
    /// - Parameter self: [N, ...].
    var imageBlocks: [Tensor] { (0..<imageBlockCount).map(imageBlock) }

    fileprivate var imageBlockCount: Int { Swift.max((shape[0] + imagesPerBlock - 1) / imagesPerBlock, 1) }

    fileprivate func imageBlock(_ number: Int) -> Tensor {
        self[rows: number * imagesPerBlock..<Swift.min((number + 1) * imagesPerBlock, shape[0])]
    }
}

/// Applies a function to a batch by blocks of images, on several cores, and joins the results.
///
/// A batch of a single block runs on the calling thread, so that the function's own parallel parts work.
///
/// - Parameter input: [N, ...].
/// - Returns: the results [n, ...] of the blocks one after another.
package func mapImages(_ input: Tensor, _ body: @Sendable (Tensor) -> Tensor) -> Tensor {
    guard input.shape[0] > imagesPerBlock else { return body(input) }
    return .concatenated(mapBlocks(input.imageBlockCount) { body(input.imageBlock($0)) }, axis: 0)
}

/// The results of a function for each block, computed on several cores.
func mapBlocks<Result: Sendable>(_ blocks: Int, _ body: @Sendable (_ block: Int) -> Result) -> [Result] {
    let results = Mutex([Result?](repeating: nil, count: blocks))
    Parallel.forEach(blocks) { block in
        let result = body(block)
        results.withLock { $0[block] = result }
    }
    return results.withLock { $0.compactMap { $0 } }
}

import TensorCore

/// Extents of a result for any batch size: each is a number, or a multiple of the batch size N.
///
/// In most networks that is [N, H, W, C] or [N, C]. A transpose may move the batch to another axis, and a reshape may
/// merge another axis into it.
public struct BatchShape: Hashable, Sendable, CustomStringConvertible {
    /// The extents for a batch of one.
    private let extents: [Int]
    /// Which of them are multiples of the batch size.
    private let grows: [Bool]

    /// That of a batch of images of some extents.
    public init(image: Shape) {
        extents = [1] + image.extents
        grows = [true] + image.map { _ in false }
    }

    /// That of which the shapes for batches of one and of two are given; nil where they do not follow the batch size.
    public init?(one: Shape, two: Shape) {
        guard one.rank == two.rank, zip(one, two).allSatisfy({ $1 == $0 || $1 == 2 * $0 }) else { return nil }
        extents = one.extents
        grows = zip(one, two).map { $1 != $0 }
    }

    /// That of which a function gives the shape for any batch size; nil where extents neither stay nor grow with it.
    ///
    /// It is asked for batches of one, two and three: a fixed extent of 2 broadcasts with the first two.
    public init?<E: Error>(inferredFrom shape: (_ batch: Int) throws(E) -> Shape) throws(E) {
        let (one, two, three) = (try shape(1), try shape(2), try shape(3))
        self.init(one: one, two: two)
        guard self.shape(batch: 3) == three else { return nil }
    }

    /// The shape for a batch size; nil where its elements cannot be counted.
    public func shape(batch: Int) -> Shape? {
        Shape(checking: zip(extents, grows).map { $1 ? $0 * batch : $0 })
    }

    /// Extents for one image: all axes but the first where that is the batch, and all for a batch of one elsewhere.
    public var image: Shape { Shape(Array(isBatchFirst ? extents.dropFirst() : extents[...])) }

    /// Whether the first axis is the batch and no other grows with it.
    public var isBatchFirst: Bool { grows.first == true && extents[0] == 1 && !grows.dropFirst().contains(true) }

    /// Whether some axis grows with the batch; what does not holds nothing of a single image.
    package var growsWithBatch: Bool { grows.contains(true) }

    /// The first axis that grows with the batch; nil if none does.
    package var growingAxis: Int? { grows.firstIndex(of: true) }

    public var description: String {
        let axes = zip(extents, grows).map { $1 ? ($0 == 1 ? "N" : "\($0)·N") : "\($0)" }
        return "[\(axes.joined(separator: ", "))]"
    }
}

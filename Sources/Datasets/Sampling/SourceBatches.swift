import TensorCore

/// All images of a source in order, in batches: for evaluation.
///
/// A sequence where the images are in memory.
public struct SourceBatches<Source: ImageSource>: Sendable {
    let source: Source
    let size: Int
    let normalization: Normalization
    let transform: any BatchTransform
    let seed: UInt64
    let epoch: Int
    private var first = 0

    fileprivate init(
        _ source: Source, of size: Int, _ normalization: Normalization, _ transform: any BatchTransform, seed: UInt64,
        epoch: Int
    ) {
        require(size > 0, "batches: size \(size), 1 or more expected")
        (self.source, self.size, self.seed, self.epoch) = (source, size, seed, epoch)
        (self.normalization, self.transform) = (normalization, transform)
    }

    /// The next batch; nil after the last one.
    ///
    /// - Throws: what the source throws.
    public mutating func next() throws(Source.Failure) -> Batch? { try read() }

    private mutating func read() throws(Source.Failure) -> Batch? {
        guard first < source.count else { return nil }
        let images = try source.images(at: Array(first..<Swift.min(first + size, source.count))[...])
        first += size
        return transform(RawBatch(images: images, seed: seed, epoch: epoch), normalization: normalization)
    }
}

extension SourceBatches: Sequence, IteratorProtocol where Source.Failure == Never {
    /// The next batch; nil after the last one.
    public mutating func next() -> Batch? { read() }  // of its own: swift 6.3 does not compile the other as the witness
}

extension ImageSource {
    /// All images in order, in batches: for evaluation.
    ///
    /// - Parameters:
    ///   - size: images in a batch; the last may have fewer.
    ///   - normalization: as the network expects it.
    ///   - transform: what is done to them; by default they are normalised and otherwise left as they are.
    ///   - seed: what the transform's draws depend on.
    ///   - epoch: likewise.
    public func batches(
        of size: Int, normalization: Normalization, transform: any BatchTransform = PlainTransform(),
        seed: UInt64 = 0, epoch: Int = 0
    ) -> SourceBatches<Self> {
        SourceBatches(self, of: size, normalization, transform, seed: seed, epoch: epoch)
    }

    /// Images spread evenly over the source as normalised inputs, to find the ranges of activations on.
    ///
    /// - Returns: batches of 100 images, [100, H, W, C]; the last one may be smaller.
    public func calibrationInputs(_ count: Int, normalization: Normalization) throws(Failure) -> [Tensor] {
        var batches = subset(evenly: count).batches(of: 100, normalization: normalization)
        var inputs: [Tensor] = []
        while let batch = try batches.next() { inputs.append(batch.inputs) }
        return inputs
    }
}

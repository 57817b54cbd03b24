/// Turns raw images into a batch: augmentation, or only normalisation. Called by a training loop on each batch, maybe
/// on another thread than the one that trains.
///
/// The same raw batch gives the same bits; a sample's result does not depend on its neighbours in the batch, unless
/// the transform mixes images, and then only on those that share the batch.
public protocol BatchTransform: Sendable {
    /// Transforms one batch, brings it to the size at which a network reads it, and normalises it as that expects.
    func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch
}

import TensorCore

/// Two views of each image: a strong one that the student learns from and a weak one that the teacher reads, as in
/// FixMatch (Sohn et al., arXiv 2001.07685).
///
///     let views = TwoViews(weak: .digits, strong: strong)  // two policies, or any transforms
///
/// Labels, targets and weights of the batch are those of the strong view. Each view draws from a stream of its own.
/// Mixing images in one view alone makes no sense: a strong view with mixed targets is refused.
public struct TwoViews: BatchTransform {
    /// What the teacher reads.
    public let weak: any BatchTransform
    /// What the student learns from.
    public let strong: any BatchTransform

    /// Pairs two transforms.
    public init(weak: any BatchTransform, strong: any BatchTransform) {
        self.weak = weak
        self.strong = strong
    }

    public func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
        var other = raw
        other.seed = ~raw.seed  // else operations at the same place of both would draw the same numbers
        var batch = strong(raw, normalization: normalization)
        require(batch.targets == nil, "TwoViews: the strong view mixes images, which the weak one does not")
        batch.teacherInputs = weak(other, normalization: normalization).inputs
        return batch
    }
}

extension TwoViews: Encodable {
    private enum CodingKeys: String, CodingKey { case weak, strong }

    /// What a checkpoint knows its run by: of each transform its coded form, or else its type.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        for (key, transform) in [(CodingKeys.weak, weak), (.strong, strong)] {
            try container.encode(transform: transform, forKey: key)
        }
    }
}

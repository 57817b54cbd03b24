import Datasets
import TensorCore

/// Draws several views of each image and keeps the one that the teacher reads and the student does not.
///
/// Of candidate v of an image that shows y, with the teacher's probabilities t and the student's s, the score is
///
/// ```text
/// t(y | v) · KL(t(v) ‖ s(v)),
/// ```
///
/// and the highest score stays; of equal ones the earliest draw. That is what a generator network learns to find in TST
/// (Shao et al. 2022, arXiv 2212.05422), chosen among the policy's own views as CutMixPick chooses by entropy (Wang et
/// al. 2020, arXiv 2012.02909). For an image without a label the teacher's largest probability stands for t(y | v).
///
/// The first candidate is the ordinary draw; the others have draw numbers of their own, so each depends on (seed,
/// epoch, sample, operation, draw) alone. The student changes as it learns: to get the same bits again, the closure
/// must call a copy that is renewed between epochs, when no batch is being prepared.
public struct ViewSelector: BatchTransform {
    /// What is drawn from.
    public let policy: AugmentationPolicy
    /// Views of each image, 1 ... 64.
    public let candidates: Int
    private let teacher: @Sendable (Tensor) -> Tensor
    private let student: @Sendable (Tensor) -> Tensor

    /// Creates a selector.
    ///
    /// - Parameters:
    ///   - teacher: from inputs [N, H, W, C] to logits [N, classes], in evaluation mode; called on the thread that
    ///     makes the batches.
    ///   - student: likewise.
    public init(
        _ policy: AugmentationPolicy, candidates: Int = 4, teacher: @escaping @Sendable (Tensor) -> Tensor,
        student: @escaping @Sendable (Tensor) -> Tensor
    ) {
        require(
            (1...RawBatch.largestRedraw + 1).contains(candidates),
            "ViewSelector: \(candidates) candidates given, 1…\(RawBatch.largestRedraw + 1) expected")
        self.policy = policy
        self.candidates = candidates
        self.teacher = teacher
        self.student = student
    }

    public func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
        let batches = (0..<candidates).map { policy(raw.redrawn($0), normalization: normalization) }
        guard candidates > 1 else { return batches[0] }
        let scores = batches.map(scores)
        let choice = (0..<raw.images.count).map { row in
            (batch: (1..<candidates).reduce(0) { scores[$1][row] > scores[$0][row] ? $1 : $0 }, row: row)
        }
        return Batch.choosing(choice, from: batches)
    }

    private func scores(_ batch: Batch) -> [Float] {
        let read = Readings(teacher(batch.inputs), of: batch, by: "ViewSelector: the teacher")
        let learnt = Readings(student(batch.inputs), of: batch, by: "ViewSelector: the student")
        require(
            read.probabilities.shape == learnt.probabilities.shape,
            "ViewSelector: logits of shape \(read.probabilities.shape) from the teacher, "
                + "\(learnt.probabilities.shape) from the student")
        return batch.labels.enumerated().map { row, label in
            let confidence = label.map { read.confidence(row, label: $0, in: batch) } ?? read.choice(row).probability
            return confidence * read.divergence(row, from: learnt)
        }
    }
}

extension ViewSelector: Encodable {
    private enum CodingKeys: String, CodingKey { case policy, candidates }

    /// What a checkpoint knows its run by: everything but the networks.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(policy, forKey: .policy)
        try container.encode(candidates, forKey: .candidates)
    }
}

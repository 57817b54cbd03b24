import Datasets
import TensorCore

/// Augments by a policy, and lets the teacher judge each view: one that the teacher itself cannot read teaches nothing.
///
///     let gate = TeacherGate(policy) { teacher.predict($0) }
///
/// A view *collapses* when the teacher's probability of the label falls under a share of what it was for the image as
/// it is. Such a view is drawn again, up to a number of times. If all collapse, the best read of them stays with a
/// weight in the loss: what is left of the probability, as a share. For an image without a label, what the teacher
/// reads of the image as it is stands for it. Where ``MixUp`` blended images, the overlap of the teacher's
/// probabilities with the targets stands for the label's probability; a redrawn image is blended with others that are
/// redrawn.
///
/// Redraws have draw numbers that the ordinary draws of an epoch do not reach, so each depends on (seed, epoch, sample,
/// operation, draw) alone: batch size, order and threads change nothing, as far as the teacher gives an image the same
/// probabilities in any batch.
///
/// One gate is for one data set, whose images the sample ids name: how the teacher reads an image as it is, is asked
/// once and kept.
public struct TeacherGate: BatchTransform {
    /// What is drawn from.
    public let policy: AugmentationPolicy
    /// The share of the teacher's probability for the image as it is under which a view collapses, in 0 ... 1.
    public let share: Float
    /// How often a view is drawn again at most, 0 ... 63.
    public let redraws: Int
    private let teacher: @Sendable (Tensor) -> Tensor
    private let record = GateRecord()

    /// Creates a gate.
    ///
    /// - Parameter teacher: from inputs [N, H, W, C] to logits [N, classes], in evaluation mode; called on the thread
    ///   that makes the batches.
    public init(
        _ policy: AugmentationPolicy, share: Float = 0.5, redraws: Int = 3,
        teacher: @escaping @Sendable (Tensor) -> Tensor
    ) {
        require(
            share >= 0 && share <= 1 && (0...RawBatch.largestRedraw).contains(redraws),
            "TeacherGate: share \(share), \(redraws) redraws given; 0…1 and 0…\(RawBatch.largestRedraw) expected")
        self.policy = policy
        self.share = share
        self.redraws = redraws
        self.teacher = teacher
    }

    /// What was judged since the gate was made, operation by operation in the order of the policy; of one epoch, or of
    /// all.
    public func rejections(epoch: Int? = nil) -> [OperationRejections] {
        let tallies = record.tallies(epoch: epoch)
        return policy.leaves.map { leaf in
            let (drawn, rejected) = tallies[leaf.place] ?? (0, 0)
            return OperationRejections(place: leaf.path, operation: leaf.name, drawn: drawn, rejected: rejected)
        }
    }

    public func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
        let references = references(of: raw, normalization)
        var batches = [policy(raw, normalization: normalization)]
        var choice = (0..<raw.images.count).map { (batch: 0, row: $0) }
        var readings = judged(raw, batches[0], references)
        var collapsed = readings.indices.filter { readings[$0] < share }
        for redraw in 0..<redraws where !collapsed.isEmpty {
            let again = raw.redrawn(redraw + 1).rows(collapsed)
            batches.append(policy(again, normalization: normalization))
            let found = judged(again, batches[redraw + 1], collapsed.map { references[$0] })
            for (row, place) in collapsed.enumerated() where found[row] > readings[place] {
                readings[place] = found[row]
                choice[place] = (redraw + 1, row)
            }
            collapsed = collapsed.filter { readings[$0] < share }
        }
        var batch = batches.count == 1 ? batches[0] : Batch.choosing(choice, from: batches)
        if !collapsed.isEmpty {
            var weights = [Float](repeating: 1, count: batch.count)
            for place in collapsed { weights[place] = readings[place] }
            batch.weights = weights
        }
        return batch
    }

    /// For each view, the teacher's confidence as a share of that in the image as it is; keeps the record.
    private func judged(_ raw: RawBatch, _ batch: Batch, _ references: [GateRecord.Reference]) -> [Float] {
        let readings = Readings(teacher(batch.inputs), of: batch, by: "TeacherGate: the teacher")
        let shares = references.enumerated().map { row, reference in
            let confidence = readings.confidence(row, label: reference.label, in: batch)
            return reference.confidence > 0 ? confidence / reference.confidence : 1
        }
        for (drawing, value) in zip(policy.drawings(of: raw), shares) {
            record.count(drawing.done.map(\.place), epoch: raw.epoch, isRejected: value < share)
        }
        return shares
    }

    /// What the teacher reads of the images as they are.
    private func references(of raw: RawBatch, _ normalization: Normalization) -> [GateRecord.Reference] {
        let images = raw.images
        let known = images.sampleIDs.indices.map { record.reference(images.sampleIDs[$0], images.labels[$0]) }
        let missing = known.indices.filter { known[$0] == nil }
        guard !missing.isEmpty else { return known.compactMap { $0 } }
        let plain = PlainTransform()(raw.rows(missing), normalization: normalization)
        let readings = Readings(teacher(plain.inputs), of: plain, by: "TeacherGate: the teacher")
        var all = known
        for (row, place) in missing.enumerated() {
            let label = images.labels[place] ?? readings.choice(row).label
            let reference = GateRecord.Reference(
                label: label, confidence: readings.confidence(row, label: label, in: plain))
            record.keep(reference, for: images.sampleIDs[place], images.labels[place])
            all[place] = reference
        }
        return all.compactMap { $0 }
    }
}

/// How often views with an operation were judged, and how often the teacher could not read them.
///
/// A view of several operations counts for each of them, and a redraw counts like a first draw.
public struct OperationRejections: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Where the operation stands in the policy's JSON.
    public let place: String
    /// Its name in a policy file.
    public let operation: String
    /// Views that had it, and those of them that collapsed.
    public let drawn, rejected: Int

    /// The share of the views with the operation that collapsed, in 0 ... 1; 0 if there was none.
    public var share: Double { drawn == 0 ? 0 : Double(rejected) / Double(drawn) }

    public var description: String {
        "\(place) \(operation): \(rejected) of \(drawn) views rejected (\((share * 1000).rounded() / 10) %)"
    }
}

extension TeacherGate: Encodable {
    private enum CodingKeys: String, CodingKey { case policy, share, redraws }

    /// What a checkpoint knows its run by: everything but the teacher.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(policy, forKey: .policy)
        try container.encode(share, forKey: .share)
        try container.encode(redraws, forKey: .redraws)
    }
}

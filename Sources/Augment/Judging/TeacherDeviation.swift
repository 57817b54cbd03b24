import Datasets
import TensorCore

/// How much a teacher's mean output varies from group to group of augmented images: T. stddev of Wang et al. 2020,
/// "What makes a good data augmentation in knowledge distillation" (arXiv 2012.02909).
///
/// Views are drawn in shuffled passes over the images. For each group of `batches` · `batchSize` views the teacher's
/// probabilities are averaged; the result is the sample standard deviation of these averages over the groups, averaged
/// over the classes. Of two policies the one with the smaller value should teach a student better, and no student has
/// to be trained to know. The paper's groups have 320 views too, half of which are images without the policy; here all
/// go through it.
///
/// - Parameters:
///   - transform: usually an ``AugmentationPolicy``.
///   - images: training images, with or without labels.
///   - normalization: the teacher's.
///   - groups: 2 or more; the value's own relative error is about 1 / √(2 · groups).
///   - seed: what the draws depend on.
///   - teacher: from inputs [N, H, W, C] to logits [N, classes], in evaluation mode.
/// - Throws: what the source of the images throws; nothing where they are in memory.
/// - Returns: 0 or more, of probabilities in 0 ... 1.
public func teacherDeviation(
    of transform: any BatchTransform, on images: any ImageSource, normalization: Normalization, groups: Int = 20,
    batches: Int = 5, batchSize: Int = 64, seed: UInt64 = 0, teacher: (Tensor) -> Tensor
) throws -> Double {
    require(
        groups >= 2 && batches >= 1, "teacherDeviation: \(groups) groups of \(batches) batches, 2 of 1 or more expected"
    )
    let plan = EpochPlan(
        sources: [.init(images, batchSize: batchSize)], steps: groups * batches, epoch: 0, seed: seed)
    let means = try (0..<groups).map { group in
        let sums = try (0..<batches).map { number in
            let batch = try transform(plan.batch(at: group * batches + number), normalization: normalization)
            return softmax(teacher(batch.inputs)).sum(axis: 0).scalars.map(Double.init)
        }
        return sums.dropFirst().reduce(sums[0]) { zip($0, $1).map(+) }.map { $0 / Double(batches * batchSize) }
    }
    let classes = means[0].count
    let deviations = (0..<classes).map { label in
        let mean = means.reduce(0) { $0 + $1[label] } / Double(groups)
        let squares = means.reduce(0) { $0 + ($1[label] - mean) * ($1[label] - mean) }
        return (squares / Double(groups - 1)).squareRoot()
    }
    return deviations.reduce(0, +) / Double(max(classes, 1))
}

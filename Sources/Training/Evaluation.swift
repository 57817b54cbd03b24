import Datasets
import Foundation
import Layers
import TensorCore

/// Runs a classifier over labelled images, as they are or transformed, and counts.
///
/// - Parameters:
///   - images: those without a label are left out.
///   - normalization: as the classifier expects it.
///   - epoch: goes into the report.
///   - batchSize: images at a time; 250, and fewer where they are large, when omitted. The result does not depend on
///     it.
///   - transform: what is done to the images, from the draws of seed 0 and the epoch.
///   - others: what another network makes of the images, one class each, for the report's ``ClassReport/agreement`` and
///     ``ClassReport/comparison``.
///   - predict: from inputs [N, H, W, C] to logits [N, classes].
/// - Throws: what the source of the images throws; nothing where they are in memory.
public func evaluate<Source: ImageSource>(
    on images: Source, normalization: Normalization, epoch: Int = 0, batchSize: Int? = nil,
    transform: any BatchTransform = PlainTransform(), comparedTo others: [Int]? = nil, predict: (Tensor) -> Tensor
) throws(Source.Failure) -> ClassReport {
    require(
        others.map { $0.count == images.count } ?? true,
        "evaluate: \(others?.count ?? 0) choices of another network for \(images.count) images")
    let classes = images.classCount
    // By the pair of classes, actual · classes + predicted: those that occur are few where classes are many.
    var readings: [Int: Int] = [:]
    var counts = [Int](repeating: 0, count: classes)
    var losses = [Double](repeating: 0, count: classes)
    var (first, agreeing) = (0, 0)
    var (ahead, behind) = (losses.map { _ in 0 }, losses.map { _ in 0 })
    let size = batchSize ?? images.evaluationBatchSize
    var batches = images.batches(of: size, normalization: normalization, transform: transform, epoch: epoch)
    while let batch = try batches.next() {
        let logits = predict(batch.inputs)
        require(
            logits.shape == [batch.count, classes],
            "evaluate: the network's output has shape \(logits.shape), [\(batch.count), \(classes)] expected")
        let logProbabilities = logSoftmax(logits).scalars
        let choices = logits.argmax()
        for (row, label) in batch.labels.enumerated() {
            guard let label else { continue }
            readings[label * classes + choices[row], default: 0] += 1
            counts[label] += 1
            losses[label] -= Double(logProbabilities[row * classes + label])
            guard let other = others?[first + row] else { continue }
            if other == choices[row] {
                agreeing += 1
            } else if choices[row] == label {
                ahead[label] += 1
            } else if other == label {
                behind[label] += 1
            }
        }
        first += batch.count
    }
    let total = Double(max(1, counts.reduce(0, +)))
    return ClassReport(
        epoch: epoch, loss: losses.reduce(0, +) / total, classes: classes,
        readings: readings.map { .init(actual: $0 / classes, predicted: $0 % classes, count: $1) },
        classLosses: zip(losses, counts).map { $1 == 0 ? 0 : $0 / Double($1) },
        agreement: others.map { _ in Double(agreeing) / total },
        comparison: others.map { _ in .init(counts: counts, ahead: ahead, behind: behind) })
}

extension ImageSource {
    /// As ``ImageSize/evaluationBatchSize``.
    package var evaluationBatchSize: Int { size.evaluationBatchSize }
}

extension ImageSize {
    /// How many images go through a network at a time where that is free: of large ones fewer, as their activations lie
    /// in memory together.
    package var evaluationBatchSize: Int { min(250, max(1, (1 << 22) / max(1, height * width * channels))) }
}

extension Module {
    /// Runs the network over labelled images, as they are or transformed, in evaluation mode, and counts.
    ///
    /// - Throws: what the source of the images throws; nothing where they are in memory.
    public func evaluated<Source: ImageSource>(
        on images: Source, normalization: Normalization, epoch: Int = 0,
        transform: any BatchTransform = PlainTransform(), comparedTo choices: [Int]? = nil
    ) throws(Source.Failure) -> ClassReport {
        try evaluate(
            on: images, normalization: normalization, epoch: epoch, transform: transform, comparedTo: choices
        ) { predict($0) }
    }
}

import Datasets
import Foundation
import TensorCore

/// What a network makes of a batch.
///
/// Labels and targets say what a view shows. Of a row without either nobody knows, and what the network reads of the
/// image as it is counts instead.
struct Readings {
    /// Probabilities [N, classes].
    let probabilities: Tensor
    private let values: [Float]
    private let classes: Int

    /// - Parameter logits: [N, classes].
    init(_ logits: Tensor, of batch: Batch, by judge: String) {
        require(
            logits.shape.rank == 2 && logits.shape[0] == batch.count,
            "\(judge): logits of shape \(logits.shape) for \(batch.count) images, [\(batch.count), classes] expected")
        probabilities = softmax(logits)
        values = probabilities.scalars
        classes = logits.shape[1]
    }

    /// The most probable class of a row, and its probability.
    func choice(_ row: Int) -> (label: Int, probability: Float) {
        let best = (0..<classes).reduce(0) { value(row, $1) > value(row, $0) ? $1 : $0 }
        return (best, value(row, best))
    }

    /// How much of what a row shows is read: the sum over classes of the lesser of its probability and its share in the
    /// target. That is the label's probability where nothing was mixed.
    ///
    /// - Parameter label: the row's class; mixed targets of the batch go before it.
    func confidence(_ row: Int, label: Int, in batch: Batch) -> Float {
        guard let targets = batch.targets, batch.labels[row] != nil else { return value(row, label) }
        return (0..<classes).reduce(0) { $0 + min(value(row, $1), targets[row, $1]) }
    }

    /// KL(these ‖ others) of a row, in nats.
    func divergence(_ row: Int, from other: Readings) -> Float {
        (0..<classes).reduce(0) { sum, label in
            let (p, q) = (value(row, label), other.value(row, label))
            return p > 0 ? sum + p * log(p / max(q, .leastNormalMagnitude)) : sum
        }
    }

    private func value(_ row: Int, _ label: Int) -> Float { values[row * classes + label] }
}

extension RawBatch {
    /// The same images with further draws, which no ordinary draw of the epoch meets.
    ///
    /// - Parameter number: 0 for the ordinary draws, at most ``largestRedraw``.
    func redrawn(_ number: Int) -> RawBatch {
        var batch = self
        // An image comes less than 2¹⁶ times in an epoch; places · draws stay within the 32 bits that a stream has for
        // them.
        for row in draws.indices { batch.draws[row] += number << 16 }
        return batch
    }

    /// The most redraws that have numbers.
    static let largestRedraw = 63

    /// The given rows alone.
    func rows(_ rows: [Int]) -> RawBatch {
        var batch = self
        batch.images = images.subset(rows)
        batch.draws = rows.map { draws[$0] }
        batch.strengths = rows.map { strengths[$0] }
        return batch
    }
}

extension Batch {
    /// A batch whose rows are taken from several: row i is row `choice[i].row` of batch `choice[i].batch`.
    static func choosing(_ choice: [(batch: Int, row: Int)], from batches: [Batch]) -> Batch {
        var starts = [0]
        for batch in batches { starts.append(starts[starts.count - 1] + batch.count) }
        let rows = choice.map { starts[$0.batch] + $0.row }
        var chosen = Batch(
            inputs: Tensor.concatenated(batches.map(\.inputs), axis: 0).gatheringRows(rows),
            sampleIDs: choice.map { batches[$0.batch].sampleIDs[$0.row] },
            labels: choice.map { batches[$0.batch].labels[$0.row] })
        guard let classes = batches.compactMap({ $0.targets?.shape[1] }).first else { return chosen }
        let targets = batches.map { $0.targets ?? Tensor(oneHotOrZero: $0.labels, classes: classes) }
        chosen.targets = Tensor.concatenated(targets, axis: 0).gatheringRows(rows)
        return chosen
    }
}

extension Tensor {
    /// Rows of class probabilities [labels, classes]: 1 at the label, zeros where there is none.
    fileprivate init(oneHotOrZero labels: [Int?], classes: Int) {
        var scalars = [Float](repeating: 0, count: labels.count * classes)
        for (row, label) in labels.enumerated() { if let label { scalars[row * classes + label] = 1 } }
        self.init(scalars, shape: [labels.count, classes])
    }
}

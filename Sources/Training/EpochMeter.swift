import Datasets
import TensorCore

/// Sums up the steps of an epoch. Part of a checkpoint that is written within one.
struct EpochMeter {
    /// What a sample's losses come to.
    private struct SampleLoss {
        var sum: Float = 0
        var count = 0
    }

    var validation: ClassReport?
    /// The values of every step; nil where nobody asks for them.
    var steps: StepValues?
    private(set) var count = 0
    private var loss = 0.0
    private var right = 0
    private var labelled = 0
    private var values: [String: Float] = [:]
    private var losses: [Int: SampleLoss] = [:]

    init(keepingSteps: Bool) { steps = keepingSteps ? StepValues() : nil }

    /// The share of labelled images that were classified correctly so far.
    var accuracy: Double { labelled == 0 ? 0 : Double(right) / Double(labelled) }

    /// Takes a step.
    ///
    /// - Returns: what is to be logged of it.
    mutating func add(
        _ loss: Float, logits: Tensor, rate: Float, values: [String: Float], _ batch: Batch
    ) -> [String: Float] {
        var entries = values
        entries["loss"] = loss
        entries["learningRate"] = rate
        steps?.add(entries)
        count += 1
        self.loss += Double(loss)
        self.values = values
        let classes = logits.shape[1]
        let logProbabilities = logSoftmax(logits).scalars
        for (row, choice) in logits.argmax().enumerated() {
            guard let label = batch.labels[row] else { continue }
            labelled += 1
            if choice == label { right += 1 }
            var entry = losses[batch.sampleIDs[row]] ?? SampleLoss()
            entry.sum -= logProbabilities[row * classes + label]
            entry.count += 1
            losses[batch.sampleIDs[row]] = entry
        }
        return entries
    }

    /// Mean loss of each labelled sample.
    var sampleLosses: [Int: Float] { losses.mapValues { $0.sum / Float($0.count) } }

    func record(
        epoch: Int, classes: Int, learningRate: Float, controllers: [any DataController], peers: [History.Epoch]
    ) -> History.Epoch {
        // In the order of the ids: a sum over a dictionary would differ in its last bits from run to run.
        let strengths = losses.keys.sorted().map { id in controllers.reduce(1) { $0 * $1.strength(forSample: id) } }
        let probabilities = controllers.classProbabilities
        let total = probabilities?.reduce(0, +) ?? 1
        let decisions = controllers.compactMap(\.classDecisions)
        let factors = controllers.stepFactors(classes: classes)
        let rest = [Double](repeating: 1, count: factors.values.first?.count ?? 0)
        return History.Epoch(
            number: epoch, loss: loss / Double(max(1, count)), accuracy: accuracy, validation: validation,
            learningRate: learningRate, values: values, steps: steps?.values ?? [:],
            classProbabilities: probabilities?.map { $0 / total },
            classDecisions: decisions.isEmpty ? nil : decisions,
            strength: strengths.isEmpty ? 1 : strengths.reduce(0, +) / Float(strengths.count),
            stepFactors: factors.isEmpty ? nil : (0..<classes).map { factors[$0] ?? rest },
            peers: peers.isEmpty ? nil : peers)
    }
}

extension EpochMeter {
    /// What a checkpoint holds of it as text. The samples' losses go beside, as numbers; the values of steps are in the
    /// log.
    struct Sums: Codable {
        let steps: Int
        let loss: Double
        let right, labelled: Int
        let values: [String: Float]

        /// Whether a run that has done so many steps of an epoch can have come to this.
        ///
        /// - Parameter batch: labelled images in a step.
        func isPossible(after steps: Int, batch: Int) -> Bool {
            let (most, overflow) = steps.multipliedReportingOverflow(by: batch)
            return self.steps == steps && loss.isFinite && !overflow && 0 <= right && right <= labelled
                && labelled <= most
        }
    }

    var sums: Sums { Sums(steps: count, loss: loss, right: right, labelled: labelled, values: values) }

    /// For each sample its id, the bits of its losses' sum and their number, by the ids.
    var samples: [Int64] {
        losses.sorted { $0.key < $1.key }.flatMap {
            [Int64($0.key), Int64($0.value.sum.bitPattern), Int64($0.value.count)]
        }
    }

    /// What ``sums`` and ``samples`` gave; nil where the samples cannot be those of the sums.
    init?(_ sums: Sums, samples: [Int64], steps: StepValues?) {
        guard samples.count % 3 == 0 else { return nil }
        var rest = sums.labelled
        for start in stride(from: 0, to: samples.count, by: 3) {
            guard let id = Int(exactly: samples[start]), let bits = UInt32(exactly: samples[start + 1]),
                let count = Int(exactly: samples[start + 2]), count > 0, count <= rest,
                !Float(bitPattern: bits).isNaN,
                losses.updateValue(SampleLoss(sum: Float(bitPattern: bits), count: count), forKey: id) == nil
            else { return nil }
            rest -= count
        }
        guard rest == 0 else { return nil }
        (count, loss, right, labelled, values) = (sums.steps, sums.loss, sums.right, sums.labelled, sums.values)
        self.steps = steps
    }
}

/// The values of an epoch's steps, by name.
struct StepValues {
    /// In the order of the steps; nil in those that had no such value.
    private(set) var values: [String: [Float?]] = [:]
    private var count = 0

    /// Adds a step's.
    mutating func add(_ entries: [String: Float]) {
        for name in entries.keys where values[name] == nil { values[name] = [Float?](repeating: nil, count: count) }
        for name in values.keys { values[name]?.append(entries[name]) }
        count += 1
    }
}

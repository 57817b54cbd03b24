import Datasets
import TensorCore

/// Sums up the steps of an epoch. Part of a checkpoint that is written within one.
struct EpochMeter: Codable {
    private struct SampleLoss: Codable {
        var sum: Float = 0
        var count = 0
    }

    var validation: ClassReport?
    private var steps = 0
    private var loss = 0.0
    private var right = 0
    private var labelled = 0
    private var values: [String: Float] = [:]
    private var log: [String: [Float?]] = [:]
    private var losses: [Int: SampleLoss] = [:]

    /// The share of labelled images that were classified correctly so far.
    var accuracy: Double { labelled == 0 ? 0 : Double(right) / Double(labelled) }

    mutating func add(_ loss: Float, logits: Tensor, rate: Float, values: [String: Float], _ batch: Batch) {
        var entries = values
        entries["loss"] = loss
        entries["learningRate"] = rate
        for name in entries.keys where log[name] == nil { log[name] = [Float?](repeating: nil, count: steps) }
        for name in log.keys { log[name]?.append(entries[name]) }
        steps += 1
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
            number: epoch, loss: loss / Double(max(1, steps)), accuracy: accuracy, validation: validation,
            learningRate: learningRate, values: values, steps: log,
            classProbabilities: probabilities?.map { $0 / total },
            classDecisions: decisions.isEmpty ? nil : decisions,
            strength: strengths.isEmpty ? 1 : strengths.reduce(0, +) / Float(strengths.count),
            stepFactors: factors.isEmpty ? nil : (0..<classes).map { factors[$0] ?? rest },
            peers: peers.isEmpty ? nil : peers)
    }
}

import Autograd
import Datasets
import Foundation
import Layers
import TensorCore
import Training

/// What a ``ContrastTerm`` learns and keeps: the student's affine map, and the bank of the teacher's points.
///
/// The bank is a statistic like a running mean: the tape hands it back after each step, and checkpoints hold it.
struct ContrastiveHead: DistillationTerm, Module {
    let contrast: ContrastTerm
    /// Among the contrasts; keys the draws of negatives.
    private var number = 0
    var projection: Dense
    /// The teacher's mean point, [C'].
    var center: Parameter
    /// The teacher's points, [samples, C'], rows of norm 1.
    var bank: Parameter
    /// z, [1]; 0 before the first step.
    var normalizer: Parameter
    /// The row of each sample id, and its class.
    private let rows: [Int: Int]
    private let labels: [Int?]

    /// Fills the bank with the teacher's points of all training images, not augmented.
    ///
    /// - Parameters:
    ///   - channels: of the student's map.
    ///   - teacher: the network that has the map.
    ///   - random: what the affine map starts from.
    /// - Throws: `ConfigurationError` for fewer than two images, and a map that is not finite; what the
    ///   images' source throws.
    init(
        _ contrast: ContrastTerm, channels: Int, teacher: any Module, data: TrainingData, using random: inout Philox
    ) throws {
        self.contrast = contrast
        var (rows, labels): ([Int: Int], [Int?]) = ([:], [])
        var points: [Tensor] = []
        func read(_ images: some ImageSource) throws {
            var batches = images.batches(of: images.evaluationBatchSize, normalization: data.normalization)
            while let batch = try batches.next() {
                let fresh = batch.sampleIDs.indices.filter { rows[batch.sampleIDs[$0]] == nil }
                guard !fresh.isEmpty else { continue }
                let maps = teacher.featureMaps([contrast.teacher], of: batch.inputs).maps
                guard let map = maps[contrast.teacher], map.isFinite else {
                    throw ConfigurationError(
                        ["teacher"], "map '\(contrast.teacher)' is NaN or infinite before the first step")
                }
                points.append(Self.point(map).gatheringRows(fresh))
                for row in fresh {
                    rows[batch.sampleIDs[row]] = labels.count
                    labels.append(batch.labels[row])
                }
            }
        }
        try read(data.labelled)
        if let unlabelled = data.unlabelled { try read(unlabelled.withoutLabels()) }
        guard labels.count > 1 else {
            throw ConfigurationError(
                [], "\(labels.count.counted("training image")): 2 or more are needed, to tell one from another")
        }
        let all = Tensor.concatenated(points, axis: 0)
        let center = all.mean(axis: 0, keepingAxis: true)
        projection = Dense(channels, all.shape[1], using: &random)
        self.center = Parameter(center.reshaped(to: [all.shape[1]]), role: .statistic)
        bank = Parameter(UnitRows(all - center).values, role: .statistic)
        normalizer = Parameter(.zeros([1]), role: .statistic)
        (self.rows, self.labels) = (rows, labels)
    }

    /// Checks a contrast with maps of some images, and fills its bank.
    ///
    /// - Throws: `ConfigurationError` for a contrast that cannot be followed.
    init(_ contrast: ContrastTerm, number: Int, for preview: TermPreview) throws {
        let maps = (student: preview.student.maps[contrast.student], teacher: preview.teacher.maps[contrast.teacher])
        try contrast.check(
            student: maps.student, teacher: maps.teacher,
            names: (preview.student.names, preview.teacher.names))
        let shape = maps.student?.shape ?? []
        var random = Philox(seed: preview.seed, sample: -1 - number, operation: RandomPurpose.initialization)
        try self.init(
            contrast, channels: shape[shape.rank - 1], teacher: preview.network, data: preview.data, using: &random)
        self.number = number
    }

    var name: String { contrast.name }
    var weight: Float { contrast.weight }

    func callAsFunction(_ step: DistillationStep) -> Variable {
        var random = Philox(
            seed: step.seed, epoch: step.context.step, sample: number, operation: RandomPurpose.negatives)
        return loss(
            step.student[contrast.student], teacherMap: step.teacher[contrast.teacher], of: step.batch, using: &random)
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("projection", &projection)
        visitor("center", &center)
        visitor("bank", &bank)
        visitor("normalizer", &normalizer)
    }

    /// Where the student's points go: [N, C] to [N, C'], not yet of norm 1.
    func callAsFunction(_ input: Variable) -> Variable { projection(input) }

    /// The loss of a batch; the teacher's points go into the bank when the pass is over.
    ///
    /// - Parameters:
    ///   - map: the student's.
    ///   - teacherMap: the same images'.
    ///   - random: what the negatives are drawn from, a stream of this step and pair alone.
    func loss(_ map: Variable, teacherMap: Tensor, of batch: Batch, using random: inout Philox) -> Variable {
        let tape = map.tape
        let output = self(map.shape.rank == 4 ? map.globalAveragePooled() : map)
        let own = UnitRows(output.value)
        let points = UnitRows(Self.point(teacherMap) - center.value.reshaped(to: [1, center.value.count])).values
        let drawn = (0..<contrast.negatives).map { _ in random.index(below: labels.count) }
        let negatives = bank.value.gatheringRows(drawn)
        let places = batch.sampleIDs.map { id -> Int in
            guard let place = rows[id] else { fatalError("contrast: sample \(id) is in no training set") }
            return place
        }
        let isNegative = { (row: Int, column: Int) -> Bool in
            guard places[row] != drawn[column] else { return false }
            guard let label = batch.labels[row] else { return true }
            return labels[drawn[column]] != label
        }
        var scale = normalizer.value.scalars[0]
        if scale == 0 {
            // S[N, M] = s[N, D] · nᵀ
            let similarities = matmul(own.values, negatives, transposeB: true).scalars
            let sum = similarities.reduce(0.0) { $0 + exp(Double($1) / Double(contrast.temperature)) }
            scale = Float(sum / Double(similarities.count))
            tape.replace(normalizer.slot, with: Tensor([scale]))
        }
        let (losses, gradient) = contrastiveLosses(
            student: own.values, positives: points, negatives: negatives, isNegative: isNegative,
            temperature: contrast.temperature, count: contrast.negatives, normalizer: scale)
        tape.replace(bank.slot, with: updatedBank(with: points, at: places))
        return tape.weightedMean(
            "contrastive loss", losses, own.gradient(gradient),
            batch.weights ?? [Float](repeating: 1, count: batch.count), of: output)
    }

    /// b ← momentum · b + (1 − momentum) · t, scaled to norm 1, row by row; an image that the batch has twice goes in
    /// twice.
    private func updatedBank(with points: Tensor, at places: [Int]) -> Tensor {
        var bank = bank.value
        let size = bank.shape[1]
        points.withSpan { points in
            bank.withMutableSpan { bank in
                for (row, place) in places.enumerated() {
                    let blend = (0..<size).map { k in
                        Double(contrast.momentum) * Double(bank[place * size + k])
                            + Double(1 - contrast.momentum) * Double(points[row * size + k])
                    }
                    let unit = Direction(blend, floor: 1e-12).unit
                    for k in 0..<size { bank[place * size + k] = Float(unit[k]) }
                }
            }
        }
        return bank
    }

    /// A map's average over its pixels, [N, C].
    private static func point(_ map: Tensor) -> Tensor { map.shape.rank == 4 ? globalAverage(map) : map }
}

import Datasets
import Foundation
import Layers
import TensorCore
import Training

/// Where the outputs that a run learns from come from: one network or several, asked in each step or read from a cache.
struct Teaching {
    private let ensemble: Ensemble
    /// Names of the maps that hints and contrasts read.
    private let features: Set<String>
    private let plan: TrainingPlan
    private var cache: TeacherCache?

    /// - Parameters:
    ///   - features: names of the teacher's maps that hints and contrasts read.
    ///   - sampled: each teacher's logits of some images, by which a cache knows its arithmetic again.
    ///   - plan: of the run.
    /// - Throws: `ConfigurationError` for hints or contrasts with several teachers or with a cache, and a cache for a
    ///   teacher that follows the student; `FormatError` for a cache that is of another run; `FileWriteError` if its
    ///   folder cannot be created.
    init(
        _ distiller: Distiller, _ features: Set<String>, sampled: [Tensor], on data: TrainingData, plan: TrainingPlan
    ) throws {
        ensemble = distiller.ensemble
        self.features = features
        self.plan = plan
        guard features.isEmpty || ensemble.members.count == 1 else {
            throw ConfigurationError(
                ["teacher"],
                "\(ensemble.members.count) networks teach, and hints, contrasts and terms read the feature maps of one")
        }
        guard let folder = distiller.teacherCache else { return }
        guard features.isEmpty else {
            throw ConfigurationError(
                ["teacherCache"],
                "holds no feature maps, which hints or contrasts read: they are too large to be kept")
        }
        guard ensemble.followers.isEmpty else {
            throw ConfigurationError(
                ["teacherCache"], "cannot hold a teacher that follows the student: it is another for every student")
        }
        var origin = try data.provenance()
        // They count through what they make controllers choose, which views show.
        origin.remove("validation images")
        let weights = Fingerprint.of {
            for member in ensemble.members {
                $0.add("\(type(of: member))")
                $0.add(member.tensors)
            }
        }
        origin.add("teacher", weights)
        // The same weights give other bits in other code or on another processor.
        let outputs = Fingerprint.of { for logits in sampled { $0.add(logits) } }
        origin.add("teacher's arithmetic", "\(SIMDLevel.active) \(outputs)")
        origin.add("seed", "\(plan.seed)")
        origin.add("batch size", "\(plan.batchSize)")
        if data.unlabelled != nil { origin.add("unlabelled batch size", "\(plan.unlabelledBatchSize)") }
        origin.add("steps an epoch", "\(plan.stepsPerEpoch)")
        cache = try TeacherCache(folder, origin: origin, classes: sampled.first?.shape.last ?? 0)
    }

    /// What the teachers say of a batch, in evaluation mode and without a tape.
    ///
    /// - Parameter followers: the present state of those of the teachers that change as the student learns.
    /// - Throws: `FormatError` for outputs that are not finite, and for a cache that is of another run;
    ///   `FileWriteError` when the cache cannot be written.
    mutating func outputs(
        for batch: Batch, following followers: [MeanTeacher], temperature: Float, in context: StepContext
    ) throws -> NetworkOutputs<Tensor> {
        var present = followers.makeIterator()
        let members = ensemble.members.map { member in member is MeanTeacher ? present.next() ?? member : member }
        let (features, inputs) = (features, batch.teacherInputs ?? batch.inputs)
        var maps: [String: Tensor] = [:]
        func ask() throws -> [Tensor] {
            try members.map { member in
                let said = member.featureMaps(features, of: batch.inputs(of: member))
                try said.checkFinite(in: "in step \(context.step)")
                maps = said.maps
                return said.logits
            }
        }
        let logits = try said(of: inputs, step: context.step, epoch: context.epoch, asking: ask)
        let joined = ensemble.joined(
            logits, labels: batch.labels, targets: batch.targets, temperature: temperature)
        return NetworkOutputs(logits: joined, maps: maps, names: [])
    }

    /// The classes that the teachers choose for a run's validation images; nil where a teacher changes as the student
    /// learns.
    ///
    /// - Throws: as ``outputs(for:following:temperature:in:)``.
    mutating func choices(on images: some ImageSource, of data: TrainingData) throws -> [Int]? {
        guard ensemble.followers.isEmpty else { return nil }
        let members = ensemble.members
        var found: [Int] = []
        var (size, plain): (ImageSize, any BatchTransform) = (images.size, PlainTransform())
        if let sizes = data.transform as? TwoSizes {
            size = size.covering(sizes.size(channels: size.channels))
            plain = TwoSizes(plain, teacher: (height: sizes.height, width: sizes.width))
        }
        var batches = images.batches(
            of: size.evaluationBatchSize, normalization: data.normalization, transform: plain)
        var number = 0
        while let batch = try batches.next() {
            let inputs = batch.teacherInputs ?? batch.inputs
            let logits = try said(of: inputs, step: number, epoch: TeacherCache.validation) {
                members.map { $0.predict(batch.inputs(of: $0)) }
            }
            found += ensemble.joined(logits, temperature: 1).argmax()
            number += 1
        }
        try cache?.save()
        return found
    }

    /// Each member's logits: the cache's, or else by asking.
    private mutating func said(
        of inputs: Tensor, step: Int, epoch: Int, asking ask: () throws -> [Tensor]
    ) throws -> [Tensor] {
        let count = ensemble.members.count
        return try cache?.logits(of: inputs, members: count, step: step, epoch: epoch, computing: ask) ?? ask()
    }

    /// Writes the cache at the end of an epoch.
    ///
    /// - Throws: `FileWriteError`.
    mutating func finishStep(_ context: StepContext) throws {
        let done = context.step + 1
        if done % plan.stepsPerEpoch == 0 || done == plan.steps { try cache?.save() }
    }
}

extension Distiller {
    /// What the teachers say of a batch at T = 1, [N, classes], before any training.
    package func teacherLogits(of batch: Batch) -> Tensor {
        ensemble.joined(ensemble.members.map { $0.predict(batch.inputs(of: $0)) }, temperature: 1)
    }

    /// The teachers; a single one as an ensemble of one.
    var ensemble: Ensemble { teacher as? Ensemble ?? Ensemble([teacher]) }
}

extension Ensemble {
    /// Those of the members that change as the student learns, as they are before the first step.
    var followers: [MeanTeacher] { members.compactMap { $0 as? MeanTeacher } }
}

extension Batch {
    /// What a teacher reads of the images: of one view at two sizes the student's, unless it is adapted to that.
    fileprivate func inputs(of teacher: any Module) -> Tensor {
        isOneView && !(teacher is AdaptedTeacher) ? inputs : teacherInputs ?? inputs
    }
}

import Autograd
import Layers
import TensorCore
import Training

/// A student, what is learnt with it (adapters, contrastive heads, a temperature), and the teachers that follow it.
struct HintedStudent<Student: Module>: Module {
    var student: Student
    /// Those of the hints that need one, in their order.
    var adapters: [FeatureAdapter] = []
    /// Averages of the student; part of the model, so that checkpoints hold them.
    var followers: [MeanTeacher] = []
    /// Those of the contrasts, in their order.
    var contrasts: [ContrastiveHead] = []
    var temperature: LearntTemperature?

    func callAsFunction(_ input: Variable) -> Variable { student(input) }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("student", &student)
        visitor("adapters", &adapters)
        visitor("followers", &followers)
        visitor("contrasts", &contrasts)
        visitor("temperature", &temperature)
    }

    /// Checks contrasts with maps of some images, and fills their banks.
    ///
    /// - Throws: `FormatError` for a contrast that cannot be followed.
    mutating func addContrasts(
        _ contrasts: [Contrast], teacher: any Module, data: TrainingData, images: Tensor, seed: UInt64
    ) throws {
        guard !contrasts.isEmpty else { return }
        let own = student.featureMaps(Set(contrasts.map(\.student)), of: images)
        let wanted = teacher.featureMaps(Set(contrasts.map(\.teacher)), of: images)
        for (index, contrast) in contrasts.enumerated() {
            let maps = (student: own.maps[contrast.student], teacher: wanted.maps[contrast.teacher])
            try contrast.check(
                student: maps.student, teacher: maps.teacher, number: index, names: (own.names, wanted.names))
            guard let shape = maps.student?.shape else { continue }
            var random = Philox(seed: seed, sample: -1 - index, operation: RandomPurpose.initialization)
            self.contrasts.append(
                try ContrastiveHead(
                    contrast, channels: shape[shape.rank - 1], teacher: teacher, data: data, using: &random))
        }
    }

    /// Takes the student, as a step left it, into the averages.
    mutating func follow(step: Int) {
        for index in followers.indices { followers[index].follow(student, step: step) }
    }

    /// Sends some images through the student, checks that it goes together with the teacher, and fits the adapters to the
    /// maps of both.
    ///
    /// - Parameters:
    ///   - taught: what each teacher says of the images; hints read the first.
    ///   - followers: those of the teachers that are averages of the student.
    /// - Throws: `FormatError` for a teacher whose outputs are not finite, networks of different numbers of classes, and a hint
    ///   that cannot be followed; `LinearAlgebraError` for a student's map that is not finite.
    init(
        _ student: Student, taught: [FeatureMaps], hints: [Hint], followers: [MeanTeacher], images: Tensor,
        seed: UInt64
    ) throws {
        self.student = student
        self.followers = followers
        for follower in followers { try follower.check(follows: student) }
        // As the first step will see them: with the batch's statistics.
        let own = student.featureMaps(Set(hints.map(\.student)), of: images, mode: .training)
        for wanted in taught {
            guard own.logits.shape == wanted.logits.shape else {
                throw FormatError(
                    file: "distillation", place: "teacher",
                    found: "outputs of shape \(wanted.logits.shape) for \(images.shape[0]) images",
                    expected: "\(own.logits.shape), as the student's: both networks with the same classes")
            }
            try wanted.checkFinite(in: "before the first step")
        }
        for (index, hint) in hints.enumerated() {
            let maps = (student: own.maps[hint.student], teacher: taught[0].maps[hint.teacher])
            try hint.check(
                student: maps.student, teacher: maps.teacher, number: index, names: (own.names, taught[0].names))
            guard hint.loss.needsAdapter, let from = maps.student, let to = maps.teacher else { continue }
            var random = Philox(seed: seed, sample: 1 + index, operation: RandomPurpose.initialization)
            var adapter = FeatureAdapter(from.shape[3], to.shape[3], using: &random)
            try adapter.fit(Hint.pooled(from, to: to.shape), to: Hint.pooled(to, to: from.shape))
            adapters.append(adapter)
        }
    }
}

/// What a network says of a batch.
struct FeatureMaps {
    let logits: Tensor
    /// The maps that were asked for.
    let maps: [String: Tensor]
    /// The names of all that it has.
    let names: [String]

    /// - Throws: `FormatError` if a teacher's outputs are not finite: the student would learn NaN from them.
    func checkFinite(in place: String) throws {
        guard !logits.isFinite else { return }
        throw FormatError(
            file: "distillation", place: "teacher, \(place)", found: "outputs that are NaN or infinite",
            expected:
                "finite ones: a teacher whose training did not diverge, and the normalization that it was trained with")
    }
}

extension Module {
    /// Logits and named feature maps of a batch, without gradients.
    ///
    /// - Parameter mode: in training mode with the batch's statistics, which are not kept.
    func featureMaps(_ names: Set<String>, of input: Tensor, mode: Tape.Mode = .evaluation) -> FeatureMaps {
        let tape = Tape(mode: mode, features: names)
        var model = self
        if mode == .training { tape.bind(&model) }
        let logits = model(tape.input(input)).value
        return FeatureMaps(logits: logits, maps: tape.features.mapValues(\.value), names: tape.featureNames)
    }
}

import Autograd
import Datasets
import Layers
import TensorCore
import Training

/// A student, the terms of its loss with what they learn, the teachers that follow it, and a temperature that is
/// learnt.
struct TaughtModel<Student: Module>: Module {
    var student: Student
    /// Hints, contrasts and the caller's terms, in this order.
    var terms: [any DistillationTerm]
    /// Averages of the student; part of the model, so that checkpoints hold them.
    var followers: [MeanTeacher] = []
    var temperature: LearntTemperature?

    func callAsFunction(_ input: Variable) -> Variable { student(input) }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("student", &student)
        for index in terms.indices {
            guard var term = terms[index] as? any Module & DistillationTerm else { continue }
            terms[index] = LabelTerm()  // so that the visitor may write the term's parameters without a copy
            visitor("terms.\(index)", &term)
            terms[index] = term
        }
        visitor("followers", &followers)
        visitor("temperature", &temperature)
    }

    /// What a pass is asked for, to have the student's maps of these names: the path of a layer begins elsewhere here.
    static func requests(_ names: Set<String>) -> Set<String> { names.union(names.map { "student." + $0 }) }

    /// The student's maps of these names.
    static func maps(of tape: Tape, _ names: Set<String>) -> [String: Variable] {
        let found = tape.features
        return Dictionary(
            uniqueKeysWithValues: names.compactMap { name in
                (found[name] ?? found["student." + name]).map { (name, $0) }
            })
    }

    /// Takes the student, as a step left it, into the averages.
    mutating func follow(step: Int) {
        for index in followers.indices { followers[index].follow(student, step: step) }
    }

    /// Sends some images through the student, checks that it goes together with the teacher, and makes the terms ready.
    ///
    /// - Parameters:
    ///   - distiller: what is taught, and by whom.
    ///   - taught: what each teacher says of the images; terms read the first.
    ///   - images: of the training set.
    /// - Throws: `ConfigurationError` for a teacher whose outputs are not finite, networks of different numbers of
    ///   classes, and a term that cannot be followed; `LinearAlgebraError` for a student's map that is not finite.
    init(
        _ student: Student, _ distiller: Distiller, taught: [NetworkOutputs<Tensor>], images: Tensor,
        data: TrainingData, seed: UInt64
    ) throws {
        self.student = student
        followers = distiller.ensemble.followers
        for follower in followers { try follower.check(follows: student) }
        // As the first step will see them: with the batch's statistics.
        let own = student.featureMaps(distiller.features.student, of: images, mode: .training)
        for wanted in taught {
            guard own.logits.shape == wanted.logits.shape else {
                throw ConfigurationError(
                    ["teacher"],
                    "gives outputs of shape \(wanted.logits.shape) for \(images.shape[0]) images, the student "
                        + "\(own.logits.shape): both need the same classes")
            }
            try wanted.checkFinite(in: "before the first step")
        }
        let preview = TermPreview(
            student: own, teacher: taught[0], network: distiller.teacher, perturbing: distiller.perturbing, data: data,
            seed: seed)
        terms = try distiller.hints.enumerated().map { number, hint in
            try ConfigurationError.within("hints", .index(number)) { try HintTerm(hint, number: number, for: preview) }
        }
        terms += try distiller.contrasts.enumerated().map { number, contrast in
            try ConfigurationError.within("contrasts", .index(number)) {
                try ContrastiveHead(contrast, number: number, for: preview)
            }
        }
        for (index, term) in distiller.terms.enumerated() { try preview.check(term, number: index) }
        terms += distiller.terms
        temperature = distiller.dynamics.curriculum.map {
            LearntTemperature($0, from: distiller.temperature.value(at: 0))
        }
    }
}

/// What terms are made ready with, before the first step.
struct TermPreview {
    /// What the networks say of some images, the student in training mode.
    let student, teacher: NetworkOutputs<Tensor>
    /// The teacher.
    let network: any Module
    let perturbing: (@Sendable (Shape, inout Philox) -> FeaturePerturbation)?
    let data: TrainingData
    let seed: UInt64

    /// Checks that the maps that a term of the caller's reads are there.
    ///
    /// - Throws: `ConfigurationError` for one that is not.
    func check(_ term: any DistillationTerm, number: Int) throws {
        for (whose, wanted, maps, found) in [
            ("student", term.studentFeatures, student.maps, student.names),
            ("teacher", term.teacherFeatures, teacher.maps, teacher.names),
        ] {
            guard let missing = wanted.subtracting(maps.keys).min() else { continue }
            throw ConfigurationError.missingMap(missing, among: found)
                .within("terms", .index(number), .name("\(whose)Features"))
        }
    }
}

extension ConfigurationError {
    /// A network has no map of a name.
    static func missingMap(_ name: String, among names: [String]) -> Self {
        let found = names.isEmpty ? "names none" : "has \(names.joined(separator: ", "))"
        return Self([], "no feature map '\(name)'; the network \(found)")
    }
}

import Autograd
import Datasets
import Layers
import TensorCore
import Training

/// A ``Hint`` in a run, with the adapter that it learns where its loss needs one.
struct HintTerm: DistillationTerm, Module {
    let hint: Hint
    /// Among the hints; keys the draws of ``perturbing``.
    let number: Int
    let perturbing: (@Sendable (Shape, inout Philox) -> FeaturePerturbation)?
    var adapter: FeatureAdapter?

    var name: String { hint.name }
    var weight: Float { hint.weight }

    /// Checks a hint with maps of some images, and fits its adapter to them.
    ///
    /// - Throws: `ConfigurationError` for a hint that cannot be followed; `LinearAlgebraError` for a student's map that
    ///   is not finite.
    init(_ hint: Hint, number: Int, for preview: TermPreview) throws {
        self.hint = hint
        self.number = number
        perturbing = preview.perturbing
        let maps = (student: preview.student.maps[hint.student], teacher: preview.teacher.maps[hint.teacher])
        try hint.check(
            student: maps.student, teacher: maps.teacher,
            names: (preview.student.names, preview.teacher.names))
        guard hint.loss.needsAdapter, let from = maps.student, let to = maps.teacher else { return }
        var random = Philox(seed: preview.seed, sample: 1 + number, operation: RandomPurpose.initialization)
        var fitted = FeatureAdapter(from.shape[3], to.shape[3], using: &random)
        try fitted.fit(Hint.pooled(from, to: to.shape), to: Hint.pooled(to, to: from.shape))
        adapter = fitted
    }

    func callAsFunction(_ input: Variable) -> Variable { adapter?(input) ?? input }

    mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("adapter", &adapter) }

    func callAsFunction(_ step: DistillationStep) -> Variable {
        // Keyed by step and hint: neither dropout in the student nor another hint moves its draws.
        var random = Philox(
            seed: step.seed, epoch: step.context.step, sample: number, operation: RandomPurpose.features)
        let change = perturbing.map { draw in { draw($0, &random) } }
        return hint.loss(
            step.student[hint.student], adapter: adapter, teacherMap: step.teacher[hint.teacher], perturbing: change,
            weights: step.batch.weights)
    }
}

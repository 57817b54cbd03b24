import Augment
import Datasets
import Distill
import Training

/// Distillation on augmented images whose settings follow evidence: what was measured before the first step, and what
/// validation says after each epoch. Where nothing speaks against it, it is plain distillation on augmented images, to
/// the bit.
///
///     var data = TrainingData(labelled: images, validation: validation, normalization: normalization)
///     var distiller = Distiller(teacher: teacher)
///     let loop = ClosedLoop(try .measured(distiller, on: data, policy: .natural, seed: 1))
///     loop.apply(to: &distiller, &data, policy: .natural)
///     for decision in loop.decisions { print(decision) }
///     let history = try distiller.fit(&student, on: data, plan: plan)
public struct ClosedLoop: Sendable, Hashable {
    /// One setting that the loop decided on.
    public struct Decision: Sendable, Hashable, Codable, CustomStringConvertible {
        /// What is set: `classes`, `labels`, `strength`, `teacher`.
        public let setting: String
        /// What it was set to, and what it would have been.
        public let choice, otherwise: String
        /// What speaks for it, or why nothing could be measured.
        public let evidence: String

        /// Whether something else was chosen than without evidence.
        public var isChange: Bool { choice != otherwise }

        public var description: String {
            "\(setting): \(choice)" + (isChange ? " instead of \(otherwise)" : "") + "; \(evidence)"
        }
    }

    /// What was measured.
    public let evidence: LoopEvidence
    /// Whether every class is drawn as often as any other.
    public let drawsClassesEvenly: Bool
    /// Whether the labels are left out, λ = 0, as many of them are wrong.
    public let ignoresLabels: Bool
    /// Whether the teacher is left once the student reads better.
    public let mayLeaveTeacher: Bool
    /// The factor on the policy's strength.
    public let strength: Double

    /// Decides by evidence.
    public init(_ evidence: LoopEvidence) {
        self.evidence = evidence
        drawsClassesEvenly = evidence.hasUnequalClasses
        ignoresLabels = evidence.hasWrongLabels
        mayLeaveTeacher = evidence.accuracy != nil && !evidence.hasWrongLabels
        strength = evidence.readableStrength ?? 1
    }

    /// Sets a distillation as decided.
    ///
    /// - Parameters:
    ///   - data: gets the policy at its strength and, where classes are unequal, a controller.
    ///   - policy: the augmentation; nil for none.
    ///   - seeing: as ``LoopEvidence/measured(_:on:policy:seed:seeing:)`` has it.
    public func apply(
        to distiller: inout Distiller, _ data: inout TrainingData, policy: AugmentationPolicy?,
        seeing: (any BatchTransform) -> any BatchTransform = { $0 }
    ) {
        if let policy { data.transform = seeing(strength == 1 ? policy : policy.scaled(by: strength)) }
        if drawsClassesEvenly { data.controllers.append(EvenClasses(classes: evidence.classCounts.count)) }
        if ignoresLabels { distiller.hardLabelWeight = .constant(0) }
        distiller.dynamics.leavesWeakerTeacher = mayLeaveTeacher
    }

    /// What was decided, and why.
    public var decisions: [Decision] {
        let counts = evidence.classCounts.filter { $0 > 0 }
        let (least, most) = (counts.min() ?? 0, counts.max() ?? 0)
        var decisions = [
            Decision(
                setting: "classes", choice: drawsClassesEvenly ? "all drawn alike" : "drawn as they come",
                otherwise: "drawn as they come", evidence: "the least has \(least) images, the largest \(most)"),
            Decision(
                setting: "labels", choice: ignoresLabels ? "left out" : "used", otherwise: "used",
                evidence: labelsInWords),
            Decision(
                setting: "teacher",
                choice: mayLeaveTeacher ? "left once the student reads better" : "kept to the end",
                otherwise: mayLeaveTeacher ? "left once the student reads better" : "kept to the end",
                evidence: mayLeaveTeacher
                    ? "validation compares them after each epoch"
                    : ignoresLabels ? "labels are no judge" : "no validation images to compare them on"),
        ]
        if let full = evidence.readings.first {
            let chosen = evidence.readings.first { $0.strength == strength } ?? full
            decisions.append(
                Decision(
                    setting: "strength", choice: "\(strength) of the policy's", otherwise: "1.0 of the policy's",
                    evidence: "the teacher keeps \(full.kept.inWords) of its confidence at 1.0"
                        + (strength == 1 ? "" : " and \(chosen.kept.inWords) at \(strength)")))
        }
        return decisions
    }

    private var labelsInWords: String {
        guard let accuracy = evidence.accuracy else { return "no validation images to tell wrong labels by" }
        return "the teacher reads \(evidence.agreement.inWords) of them, and \(accuracy.inWords) of validation"
    }
}

extension LoopEvidence {
    /// The largest class has more than twice the images of the least, beyond what drawing by chance gives: Pearson's χ²
    /// over its mean by more than two standard deviations.
    var hasUnequalClasses: Bool {
        let counts = classCounts.filter { $0 > 0 }.map(Double.init)
        guard counts.count > 1, let least = counts.min(), let most = counts.max() else { return false }
        let mean = counts.reduce(0, +) / Double(counts.count)
        let freedom = Double(counts.count - 1)
        let statistic = counts.reduce(0) { $0 + ($1 - mean) * ($1 - mean) / mean }
        return most > 2 * least && statistic > freedom + 2 * (2 * freedom).squareRoot()
    }

    /// The share of labels that are wrong, by how much rarer the teacher reads them than those of validation:
    /// 1 − agreement / accuracy. nil without validation.
    var wrongLabels: Share? {
        guard let accuracy, accuracy.value > 0 else { return nil }
        let ratio = agreement.value / accuracy.value
        let parts = [agreement, accuracy].map { $0.value > 0 ? $0.error / $0.value : 1 }
        return Share(value: 1 - ratio, error: ratio * (parts[0] * parts[0] + parts[1] * parts[1]).squareRoot())
    }

    /// More than a twentieth of the labels is wrong, by two standard errors.
    var hasWrongLabels: Bool { wrongLabels.map { $0.value - 2 * $0.error > 0.05 } ?? false }

    /// The largest of the tried strengths at which the teacher keeps enough of its confidence; the least of them where
    /// it never does, and nil where none was tried.
    var readableStrength: Double? {
        (readings.first { $0.kept.value + 2 * $0.kept.error >= Self.keptShare } ?? readings.last)?.strength
    }

    /// The share of the teacher's confidence that views must keep.
    static let keptShare = 0.8
}

extension LoopEvidence.Share {
    fileprivate var inWords: String {
        let tenths = (value * 1000).rounded() / 10
        return "\(tenths) ± \((error * 1000).rounded() / 10) %"
    }
}

import Autograd
import Datasets
import TensorCore
import Training

/// What temperature, λ and weights of a distillation answer to, beside their schedules. By default, nothing.
public struct Dynamics: Hashable, Sendable, Codable {
    /// The temperature is learnt instead of scheduled; nil if not.
    public var curriculum: TemperatureCurriculum?
    /// A factor on each image's T by how sure the teacher is of it; nil for 1.
    public var temperatureFactor: EntropyFactor?
    /// A factor on each image's λ, likewise; λ stays within 0 ... 1.
    public var hardLabelFactor: EntropyFactor?
    /// λ ← λ − gain · (training accuracy − validation accuracy) of the last epoch, while that is positive, and not
    /// below 0: a student that learns its labels by heart is taught more by the teacher. 0 or more; above 0 it needs
    /// validation images.
    public var gapGain: Float = 0
    /// What the teacher's confidence makes of images without labels.
    public var confidence = ConfidenceRule.all
    /// Whether labels alone teach, λ = 1, once the student reads the validation images better than its teacher by two
    /// standard errors of ``ClassReport/Comparison/lead``, and until the teacher does by as much. Images without labels
    /// then teach nothing. Needs validation images and a teacher that stays as it is.
    public var leavesWeakerTeacher = false

    /// No dynamics.
    public init() {}

    /// λ after an epoch with a gap, and the gap.
    ///
    /// - Parameter accuracies: of the last epoch, 0 ... 1; nil in the first.
    func hardLabelWeight(
        _ scheduled: Float, accuracies: (training: Double, validation: Double)?
    ) -> (weight: Float, gap: Float) {
        guard gapGain > 0, let accuracies else { return (scheduled, 0) }
        let gap = Float(max(0, accuracies.training - accuracies.validation))
        return (max(0, scheduled - gapGain * gap), gap)
    }

    /// Whether the student has left its teacher behind.
    ///
    /// - Parameter last: the epoch before; nil in the first.
    func isTeacherLeft(after last: History.Epoch?) -> Bool {
        guard leavesWeakerTeacher, let last, let lead = last.validation?.comparison?.lead else { return false }
        // Evidence changes what was decided, and its absence nothing.
        return lead.mean > 2 * lead.error || last.isTeacherLeft && lead.mean > -2 * lead.error
    }

    /// Whether each image of a batch is treated like every other.
    private var isUniform: Bool { temperatureFactor == nil && hardLabelFactor == nil && confidence == .all }

    /// The terms on which each image of a batch is taught.
    ///
    /// - Parameters:
    ///   - teacher: logits [N, classes].
    ///   - temperature: T of the step.
    ///   - hardWeight: λ of the step.
    func terms(of batch: Batch, teacher: Tensor?, temperature: Float, hardWeight: Float) -> SampleTerms {
        guard let teacher, !isUniform else {
            return SampleTerms(
                temperatures: [Float](repeating: temperature, count: batch.count), hardWeights: batch.weights,
                softWeights: batch.weights, hardShare: hardWeight, softShare: 1 - hardWeight)
        }
        let readings = SoftRow.rows(of: teacher, at: 1)
        let weights = batch.weights ?? [Float](repeating: 1, count: batch.count)
        var terms = SampleTerms(temperatures: [], hardWeights: [], softWeights: [], hardShare: 0, softShare: 0)
        var (labelled, all) = (Float(0), Float(0))
        var (trusted, unlabelled) = (Float(0), Float(0))
        var (hard, soft): ([Float], [Float]) = ([], [])
        for (row, reading) in readings.enumerated() {
            let entropy = reading.relativeEntropy
            terms.temperatures.append(temperature * (temperatureFactor?(entropy) ?? 1))
            let own = min(1, hardWeight * (hardLabelFactor?(entropy) ?? 1))
            let isLabelled = batch.labels[row] != nil
            hard.append(isLabelled ? weights[row] * own : 0)
            let trust = isLabelled ? 1 : confidence.weight(reading.probabilities.max() ?? 0)
            soft.append(weights[row] * (1 - own) * trust)
            all += weights[row]
            if isLabelled {
                labelled += weights[row]
            } else {
                trusted += trust
                unlabelled += 1
            }
        }
        terms.hardWeights = hard
        terms.softWeights = soft
        terms.hardShare = labelled > 0 ? hard.reduce(0, +) / labelled : 0
        terms.softShare = all > 0 ? soft.reduce(0, +) / all : 0
        if confidence != .all, unlabelled > 0 { terms.confidence = trusted / unlabelled }
        return terms
    }

    /// - Throws: `ConfigurationError` for a number out of range.
    func check(for distiller: Distiller, on data: TrainingData, over plan: TrainingPlan) throws {
        func fault(_ key: String, _ problem: String) -> ConfigurationError {
            ConfigurationError(["dynamics", .name(key)], problem)
        }
        for (place, factor, least) in [
            ("temperatureFactor", temperatureFactor, Float.leastNormalMagnitude),
            ("hardLabelFactor", hardLabelFactor, 0),
        ] {
            guard let factor else { continue }
            for end in [factor.sure, factor.unsure] where !(end >= least && end.isFinite) {
                throw fault(place, "\(end) is not a number\(least > 0 ? " above 0" : ", 0 or more")")
            }
        }
        guard gapGain >= 0, gapGain.isFinite else { throw fault("gapGain", "\(gapGain) is not a number, 0 or more") }
        guard !leavesWeakerTeacher || data.usableValidation != nil else {
            throw fault("leavesWeakerTeacher", "needs validation images, on which to compare both networks")
        }
        guard !leavesWeakerTeacher || distiller.ensemble.followers.isEmpty else {
            throw fault("leavesWeakerTeacher", "needs a teacher that stays as it is, and this one follows the student")
        }
        guard gapGain == 0 || data.usableValidation != nil else {
            throw fault("gapGain", "needs validation images, by which to see the gap to the training images")
        }
        if case .atLeast(let threshold) = confidence, !(threshold >= 0 && threshold <= 1) {
            throw fault("confidence", "\(threshold) is not a probability, 0 ... 1")
        }
        try curriculum?.check(from: distiller.temperature.value(at: 0), over: plan)
    }
}

/// The terms on which each image of a batch is taught.
struct SampleTerms {
    /// T of each image.
    var temperatures: [Float]
    /// Weights of the images in the mean of each loss; nil for 1.
    var hardWeights, softWeights: [Float]?
    /// The factor of each mean: λ and 1 − λ, averaged over the images.
    var hardShare, softShare: Float
    /// The mean weight of the images without labels by the teacher's confidence; nil without a rule or such images.
    var confidence: Float?

    /// In Double, in which the mean of equal numbers is that number.
    var meanTemperature: Float {
        Float(temperatures.reduce(0.0) { $0 + Double($1) } / Double(max(1, temperatures.count)))
    }
}

extension ResponseLoss {
    /// The loss of a batch on the terms of each image.
    ///
    /// - Parameter learning: the temperature that is learnt, and the factor on its gradient; nil for none.
    func mean(
        student: Variable, teacher: Tensor, _ batch: Batch, _ terms: SampleTerms,
        learning: (temperature: LearntTemperature, factor: Float)?
    ) -> Variable {
        let (losses, gradient) = rows(
            student: student.value, teacher: teacher, labels: batch.labels, temperatures: terms.temperatures)
        let weights = terms.softWeights ?? [Float](repeating: 1, count: batch.count)
        let mean = student.tape.weightedMean("response loss", losses, gradient, weights, of: student)
        guard let learning else { return mean }
        let slopes = temperatureSlopes(
            student: student.value, teacher: teacher, labels: batch.labels, temperatures: terms.temperatures)
        let total = max(weights.reduce(0.0) { $0 + Double($1) }, .leastNormalMagnitude)
        let slope = zip(weights, slopes).reduce(0.0) { $0 + Double($1.0) * $1.1 } / total
        return mean + learning.temperature.dependence(slope: slope, factor: learning.factor, on: student.tape)
    }
}

/// A factor that goes with the entropy H of the teacher's probabilities at T = 1, divided by that of the uniform
/// distribution: sure + (unsure − sure) · H.
public struct EntropyFactor: Hashable, Sendable, Codable {
    /// The factor where the teacher is sure of one class, H = 0; 0 or more.
    public let sure: Float
    /// The factor where all classes are alike to it, H = 1; 0 or more.
    public let unsure: Float

    /// Creates a factor.
    public init(sure: Float, unsure: Float) {
        self.sure = sure
        self.unsure = unsure
    }

    /// - Parameter entropy: 0 ... 1.
    func callAsFunction(_ entropy: Double) -> Float { Float(Double(sure) + Double(unsure - sure) * entropy) }
}

/// What an image without a label weighs in the soft loss, by the teacher's largest probability at T = 1.
public enum ConfidenceRule: Hashable, Sendable, Codable {
    /// 1 for all.
    case all
    /// 1 if the probability reaches this, else 0 (FixMatch, Sohn et al., arXiv 2001.07685). Images left out still count
    /// in the mean, so a teacher that reads little has a small say.
    case atLeast(Float)
    /// The probability itself.
    case weighted

    /// The weight of an image.
    func weight(_ confidence: Double) -> Float {
        switch self {
        case .all: 1
        case .atLeast(let threshold): Float(confidence) >= threshold ? 1 : 0
        case .weighted: Float(confidence)
        }
    }
}

extension History.Epoch {
    /// Whether labels alone taught in its last step, as the student read validation images better than its teacher.
    public var isTeacherLeft: Bool { values[Self.teacherIsLeft] == 1 }

    /// Under what values have it, as 1 or 0.
    static let teacherIsLeft = "teacherIsLeft"
}

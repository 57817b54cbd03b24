import Autograd
import Datasets
import TensorCore
import Training

/// Something that a student learns beside the labels and the teacher's outputs, as part of a ``Distiller``'s loss.
///
///     struct LogitDistance: DistillationTerm {
///         let name = "logits"
///         let weight: Float = 0.1
///
///         func callAsFunction(_ step: DistillationStep) -> Variable {
///             step.student.logits.meanSquaredError(to: step.teacher.logits)
///         }
///     }
///
///     distiller.terms = [LogitDistance()]
///
/// A term that is a `Module` too learns its parameters with the student; checkpoints hold them, and they are dropped at
/// the end. A checkpoint knows a term again by its type, name and weight and, if it is `Encodable`, by its JSON.
public protocol DistillationTerm: Sendable {
    /// Under what its loss is logged.
    var name: String { get }
    /// The factor of its loss; 1 where none is given.
    var weight: Float { get }
    /// Names of the student's feature maps that it reads; none where not given.
    var studentFeatures: Set<String> { get }
    /// Names of the teacher's feature maps that it reads; none where not given. Only a single teacher has some.
    var teacherFeatures: Set<String> { get }

    /// The factor in one step, for a term whose weight changes over the run; ``weight`` where not given.
    func weight(in step: DistillationStep) -> Float

    /// The loss of a batch.
    ///
    /// - Returns: a variable of the step's tape with one element.
    func callAsFunction(_ step: DistillationStep) -> Variable
}

extension DistillationTerm {
    public var weight: Float { 1 }
    public var studentFeatures: Set<String> { [] }
    public var teacherFeatures: Set<String> { [] }
    public func weight(in step: DistillationStep) -> Float { weight }
}

/// What a ``DistillationTerm`` sees of a training step.
public struct DistillationStep {
    /// What the student says of the batch, in training mode.
    public let student: NetworkOutputs<Variable>
    /// What the teacher says of the same images, as constants.
    public let teacher: NetworkOutputs<Tensor>
    /// The images, their labels and weights.
    public let batch: Batch
    /// T in this step.
    public let temperature: Float
    /// Where in the run it is: step, epoch and the share of steps that are done.
    public let context: StepContext
    /// Of the run; with the step's number it gives a term's random draws their key.
    public let seed: UInt64
    /// On which terms each image is taught.
    let samples: SampleTerms
    /// The temperature that is learnt, and the factor on its gradient; nil for none.
    let learning: (temperature: LearntTemperature, factor: Float)?

    /// The record of the pass, for constants.
    public var tape: Tape { student.logits.tape }

    /// Describes a step, to try a term outside a run.
    public init(
        student: NetworkOutputs<Variable>, teacher: NetworkOutputs<Tensor>, batch: Batch, temperature: Float,
        context: StepContext, seed: UInt64 = 0
    ) {
        self.init(
            student: student, teacher: teacher, batch: batch, temperature: temperature, context: context, seed: seed,
            samples: Dynamics().terms(of: batch, teacher: nil, temperature: temperature, hardWeight: 0))
    }

    init(
        student: NetworkOutputs<Variable>, teacher: NetworkOutputs<Tensor>, batch: Batch, temperature: Float,
        context: StepContext, seed: UInt64, samples: SampleTerms,
        learning: (temperature: LearntTemperature, factor: Float)? = nil
    ) {
        self.student = student
        self.teacher = teacher
        self.batch = batch
        self.temperature = temperature
        self.context = context
        self.seed = seed
        self.samples = samples
        self.learning = learning
    }

    /// The sum of the terms' losses by their weights, and each loss by its term's name.
    ///
    /// - Parameters:
    ///   - response: what compares the outputs. It and the cross-entropy are left out where their share is 0, but not
    ///     both.
    ///   - terms: what is learnt beside.
    func loss(_ response: ResponseLoss, and terms: [any DistillationTerm]) -> (
        total: Variable, values: [String: Float]
    ) {
        var all: [any DistillationTerm] = samples.hardShare > 0 ? [LabelTerm()] : []
        if samples.softShare > 0 || all.isEmpty { all.append(response) }
        var values: [String: Float] = [:]
        let losses = (all + terms).map { term in
            let loss = term(self)
            require(
                loss.value.count == 1,
                "distillation term '\(term.name)': a loss of shape \(loss.shape), one element expected")
            values[term.name] = loss.value.scalars[0]
            let weight = term.weight(in: self)
            let scalar = loss.shape.rank == 0 ? loss : loss.sum()
            return weight == 1 ? scalar : scalar * weight
        }
        return (losses.dropFirst().reduce(losses[0], +), values)
    }
}

/// Cross-entropy over the images that have a label, times λ.
struct LabelTerm: DistillationTerm {
    let name = "crossEntropy"

    func weight(in step: DistillationStep) -> Float { step.samples.hardShare }

    func callAsFunction(_ step: DistillationStep) -> Variable {
        var labelled = step.batch
        labelled.weights = step.samples.hardWeights
        return step.student.logits.crossEntropy(labelled)
    }
}

/// The response over all images at the step's temperature, times 1 − λ.
extension ResponseLoss: DistillationTerm {
    public var name: String { "response" }

    public func weight(in step: DistillationStep) -> Float { step.samples.softShare }

    public func callAsFunction(_ step: DistillationStep) -> Variable {
        mean(
            student: step.student.logits, teacher: step.teacher.logits, step.batch, step.samples,
            learning: step.learning)
    }
}

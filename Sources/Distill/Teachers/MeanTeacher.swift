import Autograd
import Layers
import TensorCore
import Training

/// The student's own past as its teacher: a moving average of its weights and statistics, renewed after each step
/// (Mean Teacher, Tarvainen and Valpola, arXiv 1703.01780).
///
///     let teacher = MeanTeacher(of: student, decay: 0.99)
///     let distiller = Distiller(teacher: teacher, hardLabelWeight: .linear(from: 1, to: 0.5))
///
/// average ← decay · average + (1 − decay) · weights, with a smaller decay in the first steps, as `WeightAverage` has
/// it. A ``Distiller`` keeps the average with the run's state, checkpoints included, and drops it at the end; a plan
/// with the same `weightAveraging` returns it. Teacher and student see the same view, so what the student learns from
/// is the difference that dropout, batch statistics and age make. The average is of little use before the student is:
/// let λ begin at 1.
public struct MeanTeacher: Module {
    /// The average.
    public private(set) var network: any Module
    /// The share of the average that a step keeps, 0 ..< 1. It remembers some 1 / (1 − decay) steps.
    public let decay: Float

    /// Starts as a student is.
    ///
    /// - Parameter student: the network that will be trained, or one like it to begin with.
    public init(of student: some Module, decay: Float = 0.99) {
        require(decay >= 0 && decay < 1, "MeanTeacher: decay \(decay), 0 ..< 1 expected")
        self.decay = decay
        var copy = student
        // Kept and not learnt: an optimiser leaves statistics alone.
        copy.forEachParameter { $1 = Parameter($1.value, role: .statistic) }
        network = copy
    }

    public func callAsFunction(_ input: Variable) -> Variable { network(input) }

    public mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("network", &network) }

    /// Takes a student into the average.
    ///
    /// - Parameter step: that it has just been through, from 0 over the whole run.
    mutating func follow(_ student: some Module, step: Int) {
        let kept = WeightAverage.keptShare(decay: decay, step: step)
        let tensors = student.tensors
        network.forEachParameter { path, parameter in
            guard let value = tensors[path] else { return }
            parameter.value.scale(by: kept)
            parameter.value.add(value, scaledBy: 1 - kept)
        }
    }

    /// - Throws: `ConfigurationError` if the average is of another kind of network than the student.
    func check(follows student: some Module) throws {
        let (own, other) = (network.tensors.mapValues(\.shape), student.tensors.mapValues(\.shape))
        guard own != other else { return }
        let differing = Set(own.keys).union(other.keys).filter { own[$0] != other[$0] }.min() ?? ""
        func shape(_ found: Shape?) -> String { found.map { "shape \($0)" } ?? "no such parameter" }
        throw ConfigurationError(
            ["teacher"],
            "the average has \(shape(own[differing])) for '\(differing)', the student \(shape(other[differing]))")
    }
}

import Autograd
import Foundation
import Layers
import TensorCore
import Training

/// A temperature that is learnt against the student: CTKD with one temperature for all images (Li et al., arXiv
/// 2211.16231).
///
/// T = lowest + (highest − lowest) · σ(θ). θ takes the same steps as the weights, but up the response loss: its
/// gradient is −reversal · ∂loss/∂θ. So lessons get harder as the reversal grows from 0, easy ones first. T starts at
/// the distiller's temperature schedule's first value, which must lie within the range; the rest of that schedule is
/// not read.
public struct TemperatureCurriculum: Hashable, Sendable, Codable {
    /// The bounds of T, the lower one above 0; the paper's code has 1 and 21.
    public let lowest, highest: Float
    /// How strongly the gradient is reversed, over the run, 0 or more; the paper's λ, a cosine from 0 to 1.
    public let reversal: Schedule

    /// Creates a curriculum.
    public init(lowest: Float = 1, highest: Float = 21, reversal: Schedule = .cosine(from: 0, to: 1)) {
        self.lowest = lowest
        self.highest = highest
        self.reversal = reversal
    }

    /// - Throws: `ConfigurationError` for bounds that do not enclose the first temperature, and a reversal that is
    ///   negative in some step.
    func check(from first: Float, over plan: TrainingPlan) throws {
        guard lowest > 0, highest.isFinite, lowest < first, first < highest else {
            let problem =
                lowest <= 0
                ? "lowest is \(lowest), a number above 0 expected"
                : lowest >= first
                    ? "lowest (\(lowest)) must be below the temperature at the start (\(first))"
                    : "highest (\(highest)) must be above the temperature at the start (\(first))"
            throw ConfigurationError(["dynamics", "curriculum"], problem)
        }
        for step in 0..<plan.steps {
            let value = reversal.value(at: plan.progress(at: step))
            guard value >= 0, value.isFinite else {
                throw ConfigurationError(
                    ["dynamics", "curriculum", "reversal"], "\(value) in step \(step) is not a number, 0 or more")
            }
        }
    }
}

/// The temperature of a ``TemperatureCurriculum`` as a parameter that is learnt with the student.
struct LearntTemperature: Module {
    /// θ, [1]; a bias, so that no weight decay draws it to the middle of the range.
    var position: Parameter
    let lowest, highest: Float

    /// - Parameter first: T at the start, within the curriculum's range.
    init(_ curriculum: TemperatureCurriculum, from first: Float) {
        (lowest, highest) = (curriculum.lowest, curriculum.highest)
        let share = Double(first - lowest) / Double(highest - lowest)
        position = Parameter(Tensor([Float(log(share / (1 - share)))]), role: .bias)
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("position", &position) }

    func callAsFunction(_ input: Variable) -> Variable { input }

    private var share: Double { 1 / (1 + exp(-Double(position.value.scalars[0]))) }

    /// T.
    var value: Float { Float(Double(lowest) + Double(highest - lowest) * share) }

    /// A variable of value 0 whose gradient, factor · slope, reaches θ: added to a loss it stands for the loss's
    /// dependence on T.
    ///
    /// - Parameters:
    ///   - slope: T · ∂loss/∂T.
    ///   - factor: 1 for the gradient as it is, below 0 for its reversal.
    func dependence(slope: Double, factor: Float, on tape: Tape) -> Variable {
        // dT/dθ = (highest − lowest) σ (1 − σ)
        let change = Double(highest - lowest) * share * (1 - share) * slope / Double(value)
        return tape.record(.learning("temperature"), Tensor(Float(0)), from: position(on: tape)) { upstream in
            Tensor([Float(Double(factor) * change * Double(upstream.scalar))])
        }
    }
}

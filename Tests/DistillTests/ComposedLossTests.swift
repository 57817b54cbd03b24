import Autograd
import TensorCore
import TestSupport
import Testing

@testable import Distill

/// The losses written with primitives, as a user would, beside those whose gradients are written by hand.
enum ComposedLoss: String, CaseIterable {
    case kullbackLeibler, reverse, jensenShannon, meanSquaredError, hint, attention, similarity

    static let temperature: Float = 4

    var own: (Variable, Tensor) -> Variable {
        func response(_ loss: ResponseLoss) -> (Variable, Tensor) -> Variable {
            { loss(student: $0, teacher: $1, temperature: Self.temperature) }
        }
        func feature(_ loss: FeatureLoss) -> (Variable, Tensor) -> Variable { { loss($0, $1) } }
        return switch self {
        case .kullbackLeibler: response(.hinton)
        case .reverse: response(.kullbackLeibler(reverse: 1))
        case .jensenShannon: response(.jensenShannon)
        case .meanSquaredError: response(.meanSquaredError)
        case .hint: feature(.hint)
        case .attention: feature(.attention)
        case .similarity: feature(.similarity)
        }
    }

    func composed(_ student: Variable, _ teacher: Tensor) -> Variable {
        let other = student.tape.constant(teacher)
        let t = Self.temperature
        func divergence(_ p: Variable, _ logP: Variable, _ logQ: Variable) -> Variable {
            (p * (logP - logQ)).sum(axes: [1]).mean()
        }
        let (own, target) = (student * (1 / t), other * (1 / t))
        switch self {
        case .kullbackLeibler:
            return divergence(target.softmax(), target.logSoftmax(), own.logSoftmax()) * (t * t)
        case .reverse: return divergence(own.softmax(), own.logSoftmax(), target.logSoftmax()) * (t * t)
        case .jensenShannon:
            let (p, q) = (own.softmax(), target.softmax())
            let middle = ((p + q) * 0.5).log()
            return
                (divergence(p, own.logSoftmax(), middle) + divergence(q, target.logSoftmax(), middle)) * (t * t / 2)
        case .meanSquaredError:
            let difference = student - other
            return (difference * difference).mean() * 0.5
        case .hint:
            let difference = student - other
            return (difference * difference).mean() * (1 / (teacher * teacher).mean())
        case .attention:
            func attention(_ map: Variable) -> Variable { (map * map).mean(axes: [3]).flattened().unitRows }
            let difference = attention(student) - attention(other)
            return (difference * difference).sum(axes: [1]).mean()
        case .similarity:
            func similarity(_ map: Variable) -> Variable {
                let rows = map.flattened()
                return rows.multiplied(byMatrices: rows.transposed([1, 0])).unitRows
            }
            let difference = similarity(student) - similarity(other)
            return (difference * difference).mean()
        }
    }

    /// Of the shape that the loss takes.
    func input(seed: UInt64, batch: Int = 6) -> Tensor {
        var random = Philox(seed: seed)
        let isMap = [.hint, .attention, .similarity].contains(self)
        return Tensor(normal: isMap ? [batch, 5, 4, 3] : [batch, 10], deviation: 2, using: &random)
    }
}

extension Variable {
    /// Each row of a matrix scaled to norm 1.
    fileprivate var unitRows: Variable { self / ((self * self).sum(axes: [1], keepingAxes: true).sqrt()) }
}

@Suite struct ComposedLossTests {
    @Test("Losses with gradients by hand are those that primitives compose", arguments: ComposedLoss.allCases)
    func agreement(loss: ComposedLoss) {
        let (student, teacher) = (loss.input(seed: 1), loss.input(seed: 2))
        let (value, gradient) = Self.run(student) { loss.own($0, teacher) }
        let (composed, other) = Self.run(student) { loss.composed($0, teacher) }
        #expect(abs(value - composed) < 1e-5 * abs(value), "\(value) \(composed)")
        let largest = gradient.scalars.map(abs).max() ?? 0
        for (own, composed) in zip(gradient.scalars, other.scalars) {
            #expect(abs(own - composed) < 2e-5 * largest, "\(own) \(composed)")
        }
    }

    static func run(_ input: Tensor, _ loss: (Variable) -> Variable) -> (Float, Tensor) {
        let tape = Tape(mode: .training)
        let slot = tape.bind(input, path: "student", needsGradient: true)
        guard let variable = tape.variable(at: slot) else { fatalError("no variable of what was bound") }
        let result = loss(variable)
        return (result.value.scalar, tape.gradients(of: result)[slot] ?? .zeros(input.shape))
    }

    // Why logits are compared in Double: composed of float32 primitives this divergence, 4·10⁻⁷, is 8 % off.
    @Test("Near agreement the divergence keeps its digits")
    func nearAgreement() {
        let teacher = ComposedLoss.kullbackLeibler.input(seed: 1, batch: 64)
        var random = Philox(seed: 2)
        let student = teacher + Tensor(normal: teacher.shape, deviation: 1e-3, using: &random)
        let (own, _) = Self.run(student) { ComposedLoss.kullbackLeibler.own($0, teacher) }
        let exact = LossOracle.value(
            .hinton, DoubleArray(student).rows, DoubleArray(teacher).rows, nil, Double(ComposedLoss.temperature))
        #expect(abs(Double(own) / exact - 1) < 1e-6)
    }
}

import Autograd
import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Distill

@Suite struct ResponseLossTests {
    static let losses: [ResponseLoss] = [
        .hinton, .kullbackLeibler(reverse: 1), .kullbackLeibler(reverse: 0.25), .jensenShannon, .meanSquaredError,
        .decoupled(), .decoupled(target: 2, nonTarget: 0.5), .correlation(), .correlation(inter: 0.5, intra: 3),
        .standardized(.hinton), .standardized(.decoupled()), .standardized(.correlation()),
    ]

    static let temperatures: [Float] = [0.5, 1, 4, 20]

    private static func logits(_ rows: Int, _ classes: Int, within bound: Float, seed: UInt64) -> Tensor {
        var random = Philox(seed: seed)
        return Tensor(uniform: [rows, classes], in: -bound...bound, using: &random)
    }

    private static func complaints(
        _ loss: ResponseLoss, _ student: Tensor, _ teacher: Tensor, labels: [Int?]?, _ temperature: Float
    ) -> [String] {
        let target = DoubleArray(teacher).rows
        return gradientComplaints([student]) {
            loss(student: $0[0], teacher: teacher, labels: labels, temperature: temperature)
        } oracle: {
            DoubleArray([LossOracle.value(loss, $0[0].rows, target, labels, Double(temperature))], shape: [])
        }
    }

    @Test("Value and gradient against the papers' formulas in Double and their central differences", arguments: losses)
    func formula(loss: ResponseLoss) {
        for temperature in Self.temperatures {
            for (rows, bound) in [(5, 4), (1, 4), (5, 80)] as [(Int, Float)] {
                let student = Self.logits(rows, 4, within: bound, seed: 1)
                let teacher = Self.logits(rows, 4, within: bound, seed: 2)
                for labels in [nil, (0..<rows).map { $0 == 2 ? nil : $0 % 4 }] as [[Int?]?] {
                    #expect(
                        Self.complaints(loss, student, teacher, labels: labels, temperature) == [],
                        "T = \(temperature), \(rows) rows within ±\(bound)")
                }
            }
        }
    }

    // In the teacher, rows that are sure of one class (others below 10⁻⁴⁰ at any T), of another, and of none.
    @Test("A teacher that is one-hot or uniform, a student that is neither, or the other way about", arguments: losses)
    func sureAndUnsure(loss: ResponseLoss) {
        for temperature in Self.temperatures {
            let size = 100 * temperature
            let extreme = Tensor([size, 0, 0, 0, size, 0, 0, 0, 0], shape: [3, 3])
            let mild = Self.logits(3, 3, within: 2, seed: 3)
            for (student, teacher) in [(mild, extreme), (extreme, mild)] {
                // A difference quotient does not fit into the 10⁻⁶ around equal logits in which this one is steep.
                if loss == .standardized(.correlation()) && student == extreme { continue }
                #expect(
                    Self.complaints(loss, student, teacher, labels: [0, 2, nil], temperature) == [],
                    "T = \(temperature)")
            }
        }
    }

    @Test("A student equal to its teacher has loss and gradient exactly zero", arguments: losses)
    func equal(loss: ResponseLoss) {
        for temperature in Self.temperatures {
            for rows in [
                Self.logits(6, 5, within: 3, seed: 4), Self.logits(6, 5, within: 80, seed: 5), .zeros([3, 4]),
                Self.logits(1, 3, within: 3, seed: 6), Tensor([1e4, 0, -1e4, 5, 5, 5], shape: [2, 3]),
            ] {
                let (losses, gradient) = loss.rows(
                    student: rows, teacher: rows, labels: [Int?](repeating: 1, count: rows.shape[0]),
                    temperature: temperature)
                #expect(losses.scalars.allSatisfy { $0 == 0 } && gradient.scalars.allSatisfy { $0 == 0 })
            }
        }
    }

    @Test("Logits of ±10⁴ and the largest Float give finite losses and gradients", arguments: losses)
    func extremes(loss: ResponseLoss) {
        let sure = Tensor([1e4, -1e4, 0, -1e4, 1e4, 0], shape: [2, 3])
        let other = Tensor([-1e4, 1e4, 0, -1e4, 1e4, 0], shape: [2, 3])
        for temperature in Self.temperatures {
            let (losses, gradient) = loss.rows(student: other, teacher: sure, temperature: temperature)
            #expect(losses.isFinite && gradient.isFinite)
        }
        // T² · 2 · 10⁴ / T in the first row, by hand: the teacher is sure of one class, the student as sure of another.
        let (losses, gradient) = ResponseLoss.hinton.rows(student: other, teacher: sure, temperature: 3)
        #expect(abs(losses.scalars[0] / 6e4 - 1) < 1e-5 && losses.scalars[1] == 0)
        #expect(gradient.scalars == [-3, 3, 0, 0, 0, 0])
    }

    @Test("The mean of the rows by their weights; 0 takes a row out", arguments: losses)
    func weightedMean(loss: ResponseLoss) {
        var random = Philox(seed: 9)
        let (student, teacher) = (Tensor(normal: [4, 5], using: &random), Tensor(normal: [4, 5], using: &random))
        func mean(_ weights: [Float]?) -> Float {
            let tape = Tape(mode: .evaluation)
            return loss(student: tape.constant(student), teacher: teacher, temperature: 2, weights: weights).value
                .scalar
        }
        let rows = loss.rows(student: student, teacher: teacher, temperature: 2).losses.scalars
        #expect(mean([1, 1, 1, 1]) == mean(nil))
        #expect(abs(mean([0, 0, 1, 0]) - rows[2]) < 1e-5)
        #expect(abs(mean([1, 0, 0, 3]) - (rows[0] + 3 * rows[3]) / 4) < 1e-5)
    }

    // q = [3/4, 1/4] from logits [T ln 3, 0], p = [1/2, 1/2]: KL = 3/4 ln 3/2 + 1/4 ln 1/2. The second row adds nothing
    // but counts in the mean; a mean over all four elements would be half of this.
    @Test("By hand: summed over classes, averaged over the batch (not over all elements), times T²", arguments: [1, 2])
    func reduction(temperature: Float) {
        let tape = Tape(mode: .training)
        let loss = ResponseLoss.hinton(
            student: tape.constant(.zeros([2, 2])), teacher: Tensor([temperature * log(3), 0, 7, 7], shape: [2, 2]),
            temperature: temperature)
        let divergence = 0.75 * log(1.5) + 0.25 * log(0.5)
        #expect(abs(Double(loss.value.scalar) - Double(temperature * temperature) * divergence / 2) < 1e-6)
    }

    // Zhao et al., equation 7: KD = TCKD + (1 − q(target)) · NCKD.
    @Test("Decoupled with the weights that Hinton's loss hides is Hinton's loss")
    func decoupledIdentity() {
        let (student, teacher) = (Self.logits(1, 6, within: 3, seed: 7), Self.logits(1, 6, within: 3, seed: 8))
        let rest = 1 - LossOracle.softmax(DoubleArray(teacher).rows[0], 2)[4]
        let whole = ResponseLoss.hinton.rows(student: student, teacher: teacher, temperature: 2)
        let parts = ResponseLoss.decoupled(target: 1, nonTarget: Float(rest))
            .rows(student: student, teacher: teacher, labels: [4], temperature: 2)
        #expect(parts.losses.distance(to: DoubleArray(whole.losses)) < 1e-5)
        #expect(parts.gradient.distance(to: DoubleArray(whole.gradient)) < 1e-5)
    }

    // Hinton et al., section 2.1.
    @Test("For a high T and rows of mean 0, T² · KL is half the mean squared difference of logits")
    func limit() {
        let student = Tensor([1, -2, 1, 0.5, 0.5, -1], shape: [2, 3])
        let teacher = Tensor([3, -1, -2, 0, 2, -2], shape: [2, 3])
        let hot = ResponseLoss.hinton.rows(student: student, teacher: teacher, temperature: 3000)
        let squares = ResponseLoss.meanSquaredError.rows(student: student, teacher: teacher, temperature: 1)
        #expect(hot.losses.distance(to: DoubleArray(squares.losses)) < 5e-3)
        #expect(hot.gradient.distance(to: DoubleArray(squares.gradient)) < 5e-3)
    }

    @Test("Standardised logits: the size and offset of either network's do not matter")
    func invariance() {
        let (student, teacher) = (Self.logits(4, 5, within: 5, seed: 9), Self.logits(4, 5, within: 5, seed: 10))
        let loss = ResponseLoss.standardized(.jensenShannon)
        let plain = loss.rows(student: student, teacher: teacher, temperature: 2).losses
        let moved = loss.rows(student: student * 3 + 7, teacher: teacher * 0.5 - 2, temperature: 2).losses
        #expect(moved.distance(to: DoubleArray(plain)) < 1e-4)
    }

    @Test("λ · cross-entropy over labelled rows + (1 − λ) · response over all: value and gradient against Double")
    func combined() {
        let student = Self.logits(4, 3, within: 3, seed: 11)
        let teacher = Self.logits(4, 3, within: 4, seed: 12)
        let mixed = Tensor([0.2, 0.8, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], shape: [4, 3])
        let target = DoubleArray(teacher).rows
        let labels: [Int?] = [1, nil, 2, nil]
        // Rows 0 and 2 are labelled: with classes 1 and 2, or with 0 and 1 mixed in row 0.
        for (loss, targets) in [(ResponseLoss.hinton, nil), (.hinton, mixed), (.decoupled(), nil)] {
            let distiller = Distiller(teacher: ClosureModule { $0 }, loss: loss)
            let batch = Batch(inputs: .zeros([4, 1, 1, 1]), sampleIDs: [0, 1, 2, 3], labels: labels, targets: targets)
            let wanted = DoubleArray(targets ?? Tensor([0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0], shape: [4, 3])).rows
            for weight in [0, 0.3, 1.0] {
                let complaints = gradientComplaints([student]) {
                    distiller.combined($0[0], teacher, batch, 3, Float(weight)).total
                } oracle: { inputs in
                    let hard = zip(inputs[0].rows, wanted).reduce(0.0) { sum, pair in
                        sum - zip(pair.1, LossOracle.logSoftmax(pair.0, 1)).reduce(0) { $0 + $1.0 * $1.1 }
                    }
                    let soft = LossOracle.value(loss, inputs[0].rows, target, labels, 3)
                    return DoubleArray([weight * hard / 2 + (1 - weight) * soft], shape: [])
                }
                #expect(complaints == [])
            }
        }
    }

    @Test("Survives JSON, as checkpoints and recipes need, and differs from every other", arguments: losses)
    func coding(loss: ResponseLoss) throws {
        let decoded = try JSONDecoder().decode(ResponseLoss.self, from: JSONEncoder().encode(loss))
        #expect(decoded == loss && Self.losses.count { $0 == decoded } == 1)
    }

    @Test("Weights and shares out of range are refused, inside a standardised loss too")
    func weights() {
        for (loss, place) in [
            (.kullbackLeibler(reverse: 1.5), "reverse"), (.kullbackLeibler(reverse: .nan), "reverse"),
            (.decoupled(target: -1), "target"), (.decoupled(nonTarget: .infinity), "nonTarget"),
            (.correlation(inter: -0.1), "inter"), (.standardized(.correlation(intra: .nan)), "intra"),
        ] as [(ResponseLoss, String)] {
            let error = #expect(throws: ConfigurationError.self) { try loss.check() }
            #expect(error?.place == "loss.\(place)")
        }
        #expect(throws: Never.self) { for loss in Self.losses { try loss.check() } }
    }

    @Test("Logits of different shapes, impossible temperatures and labels stop the program")
    func refusals() async {
        await #expect(processExitsWith: .failure) {
            _ = ResponseLoss.hinton.rows(student: .zeros([1, 3]), teacher: .zeros([1, 4]), temperature: 1)
        }
        await #expect(processExitsWith: .failure) {
            _ = ResponseLoss.hinton.rows(student: .zeros([1, 3]), teacher: .zeros([1, 3]), temperature: 0)
        }
        await #expect(processExitsWith: .failure) {
            _ = ResponseLoss.decoupled().rows(
                student: .zeros([1, 3]), teacher: .zeros([1, 3]), labels: [3], temperature: 1)
        }
    }
}

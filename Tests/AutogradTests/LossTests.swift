import Autograd
import Foundation
import TensorCore
import TestSupport
import Testing

@Suite struct LossTests {
    static let shapes: [(Int, Int)] = [(1, 1), (1, 2), (3, 10), (5, 17), (2, 100), (7, 3)]

    private func draw(_ shape: Shape, _ sample: Int, spread: Float = 2) -> Tensor {
        var random = Philox(seed: 71, sample: sample)
        return Tensor(normal: shape, deviation: spread, using: &random)
    }

    /// −Σ target · log softmax of each row.
    private func entropies(_ logits: DoubleArray, _ targets: DoubleArray) -> [Double] {
        zip(logits.rows, targets.rows).map { row, target in
            let sum = log(row.reduce(0) { $0 + exp($1) })
            return zip(row, target).reduce(0) { $0 - $1.1 * ($1.0 - sum) }
        }
    }

    private func scalar(_ value: Double) -> DoubleArray { DoubleArray([value], shape: []) }

    @Test("Cross-entropy with soft targets, mean over the batch and weighted mean", arguments: shapes)
    func softTargets(n: Int, k: Int) {
        let targets = softmax(draw([n, k], 1))
        #expect(
            gradientComplaints(
                [draw([n, k], 2)], operation: { $0[0].softmaxCrossEntropy(targets: targets) },
                oracle: { scalar(entropies($0[0], DoubleArray(targets)).reduce(0, +) / Double(n)) }) == [])
        let weights = (0..<n).map { Float($0 % 3) + (n == 1 ? 0.5 : 0) }
        #expect(
            gradientComplaints(
                [draw([n, k], 2)], operation: { $0[0].softmaxCrossEntropy(targets: targets, weights: weights) },
                oracle: {
                    let losses = zip(entropies($0[0], DoubleArray(targets)), weights)
                    let total = weights.reduce(0) { $0 + Double($1) }
                    return scalar(losses.reduce(0) { $0 + $1.0 * Double($1.1) } / total)
                }) == [])
    }

    @Test("Cross-entropy with labels: rows without one do not count, smoothing spreads a share", arguments: shapes)
    func labels(n: Int, k: Int) {
        let labels = (0..<n).map { $0 % 3 == 1 ? nil : $0 * 7 % k }
        for smoothing in [0, 0.1] {
            let targets = DoubleArray(
                labels.flatMap { label in
                    (0..<k).map { column in
                        label == nil ? 0 : smoothing / Double(k) + (column == label ? 1 - smoothing : 0)
                    }
                }, shape: [n, k])
            let counted = Double(labels.filter { $0 != nil }.count)
            #expect(
                gradientComplaints(
                    [draw([n, k], 3)],
                    operation: { $0[0].softmaxCrossEntropy(labels: labels, smoothing: Float(smoothing)) },
                    oracle: { scalar(entropies($0[0], targets).reduce(0, +) / counted) }) == [])
        }
    }

    @Test("No row has a label: loss and gradient are 0, not 0 / 0")
    func nothingToLearn() {
        let tape = Tape(mode: .training)
        let slot = tape.bind(draw([3, 4], 4), path: "logits", needsGradient: true)
        let loss = tape.variable(at: slot)!.softmaxCrossEntropy(labels: [nil, nil, nil])
        #expect(loss.value.scalar == 0)
        #expect(tape.gradients(of: loss)[slot] == .zeros([3, 4]))
    }

    @Test("A row that counts for nothing may have an infinite loss")
    func weightlessRow() {
        let tape = Tape(mode: .training)
        let slot = tape.bind(
            Tensor([0, 0, 0, -.infinity], shape: [2, 2]), path: "logits", needsGradient: true)
        let loss = tape.variable(at: slot)!.softmaxCrossEntropy(
            targets: Tensor([1, 0, 0, 1], shape: [2, 2]), weights: [1, 0])
        #expect(abs(loss.value.scalar - Float(log(2.0))) < 1e-6)
        #expect(tape.gradients(of: loss)[slot] == Tensor([-0.5, 0.5, 0, 0], shape: [2, 2]))
    }

    @Test("Mean squared error", arguments: [[], [1, 1], [3, 5], [2, 2, 3, 17], [7]] as [Shape])
    func meanSquaredError(shape: Shape) {
        let target = draw(shape, 5)
        #expect(
            gradientComplaints(
                [draw(shape, 6)], operation: { $0[0].meanSquaredError(to: target) },
                oracle: {
                    let squares = zip($0[0].values, target.scalars).map { ($0 - Double($1)) * ($0 - Double($1)) }
                    return scalar(squares.reduce(0, +) / Double(shape.elementCount))
                }) == [])
    }
}

import Foundation
import TensorCore
import TestSupport
import Testing

@Suite struct SoftmaxTests {
    /// log Σ eˣ in Double, kept from overflowing by the maximum.
    private func logSum(_ row: [Double]) -> Double {
        let largest = row.max()!
        return largest + log(row.reduce(0) { $0 + exp($1 - largest) })
    }

    private func logits(_ shape: Shape, spread: Float, _ random: inout Philox) -> Tensor {
        Tensor(normal: shape, deviation: spread, using: &random)
    }

    @Test("Softmax and its logarithm, for small and for very unequal logits", arguments: [Float(1), 30, 1000])
    func values(spread: Float) {
        var random = Philox(seed: 9)
        for shape: Shape in [[1, 1], [3, 2], [5, 10], [2, 17], [2, 3, 4, 33]] {
            let x = logits(shape, spread: spread, &random)
            let probabilities = DoubleArray(x).mapRows { row in row.map { exp($0 - logSum(row)) } }
            let logarithms = DoubleArray(x).mapRows { row in row.map { $0 - logSum(row) } }
            // exp is good to 2e-7, its argument x − max to 2⁻²⁴ of itself, which only matters where e⁻ˣ is not tiny.
            #expect(softmax(x).distance(to: probabilities) <= 2e-6)
            #expect(logSoftmax(x).distance(to: logarithms) <= 1e-6 + 2 * Double(spread) * 0x1p-22)
            for row in DoubleArray(softmax(x)).rows { #expect(abs(row.reduce(0, +) - 1) <= 1e-6) }
        }
    }

    @Test("Infinite logits: minus infinity has no probability, a NaN spoils its row and no other")
    func notFinite() {
        let x = Tensor([0, -.infinity, 0, 1, .nan, 2, 3, 3, 3], shape: [3, 3])
        let p = softmax(x).scalars
        #expect(Array(p[0..<3]) == [0.5, 0, 0.5])
        #expect(p[3..<6].allSatisfy { $0.isNaN })
        #expect(p[6..<9].allSatisfy { abs($0 - 1 / 3) < 1e-7 })
        let logarithms = logSoftmax(x).scalars
        #expect(logarithms[1] == -.infinity && abs(logarithms[0] + 0.6931472) < 1e-6)
        #expect(logarithms[3..<6].allSatisfy { $0.isNaN } && logarithms[6..<9].allSatisfy { $0.isFinite })
    }

    @Test("Gradients of both against their formulas")
    func gradients() {
        var random = Philox(seed: 10)
        for shape: Shape in [[1, 1], [3, 2], [4, 10], [2, 17]] {
            let x = logits(shape, spread: 2, &random)
            let upstream = Tensor(normal: shape, using: &random)
            let probabilities = DoubleArray(x).mapRows { row in row.map { exp($0 - logSum(row)) } }
            let pairs = Array(zip(DoubleArray(upstream).rows, probabilities.rows))
            let throughSoftmax = pairs.flatMap { g, p in
                let dot = zip(g, p).reduce(0) { $0 + $1.0 * $1.1 }
                return zip(g, p).map { ($0 - dot) * $1 }
            }
            let throughLogarithm = pairs.flatMap { g, p in
                let total: Double = g.reduce(0, +)
                return zip(g, p).map { (slope: Double, share: Double) -> Double in slope - share * total }
            }
            #expect(
                softmaxGradient(upstream, output: softmax(x)).distance(to: DoubleArray(throughSoftmax, shape: shape))
                    <= 3e-6)
            #expect(
                logSoftmaxGradient(upstream, output: logSoftmax(x))
                    .distance(to: DoubleArray(throughLogarithm, shape: shape)) <= 1e-5)
        }
    }

    @Test(
        "Cross-entropy: losses and gradient, with soft targets, a row without target, and a row of impossible classes")
    func crossEntropy() {
        // By hand: equal logits give log K; a target of mass m has gradient m · p − target.
        let (losses, gradient) = softmaxCrossEntropy(
            Tensor([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2], shape: [3, 4]),
            targets: Tensor([1, 0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0, 0], shape: [3, 4]))
        let log4 = Float(log(4.0))
        #expect(zip(losses.scalars, [log4, log4, 0]).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(
            zip(gradient.scalars, [-0.75, 0.25, 0.25, 0.25, -0.25, -0.25, 0.25, 0.25, 0, 0, 0, 0] as [Float])
                .allSatisfy { abs($0 - $1) < 1e-6 })
        // 0 · log 0 is 0: a class that is impossible and not asked for costs nothing.
        let (masked, _) = softmaxCrossEntropy(
            Tensor([0, -.infinity], shape: [1, 2]), targets: Tensor([1, 0], shape: [1, 2]))
        #expect(masked.scalars == [0])
    }

    @Test("Cross-entropy of random logits against Double")
    func crossEntropyRandom() {
        var random = Philox(seed: 14)
        for (n, k) in [(1, 1), (1, 2), (7, 10), (3, 100)] {
            let x = logits([n, k], spread: 3, &random)
            let targets = softmax(logits([n, k], spread: 1, &random))
            let (losses, gradient) = softmaxCrossEntropy(x, targets: targets)
            let rows = Array(zip(DoubleArray(x).rows, DoubleArray(targets).rows))
            let expected = rows.map { row, target in
                zip(row, target).reduce(0) { $0 - $1.1 * ($1.0 - logSum(row)) }
            }
            let slopes = rows.flatMap { row, target in
                let (shift, total): (Double, Double) = (logSum(row), target.reduce(0, +))
                return zip(row, target).map { (logit: Double, share: Double) -> Double in
                    exp(logit - shift) * total - share
                }
            }
            #expect(losses.distance(to: DoubleArray(expected, shape: [n])) <= 1e-5)
            #expect(gradient.distance(to: DoubleArray(slopes, shape: [n, k])) <= 1e-6)
        }
    }
}

import Autograd
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Training

/// A weight, a bias and a statistic; the loss is a sum of products with constants, which are therefore the gradients.
private struct Pair: Module {
    var weight = Parameter(Tensor([1, -2, 3]))
    var bias = Parameter(Tensor([0.5, 4]), role: .bias)
    var statistic = Parameter(Tensor([7]), role: .statistic)

    func callAsFunction(_ input: Variable) -> Variable { input }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("weight", &weight)
        visitor("bias", &bias)
        visitor("statistic", &statistic)
    }

    /// Gradients of a pass, as many steps as wanted, different in each.
    mutating func gradients(_ forWeight: [Float], _ forBias: [Float]) -> Gradients {
        valueAndGradients(of: &self) { pair, tape in
            pair.weight(on: tape).multiplied(byBroadcast: Tensor(forWeight)).sum()
                + pair.bias(on: tape).multiplied(byBroadcast: Tensor(forBias)).sum()
        }.gradients
    }
}

@Suite struct OptimizerTests {
    private func slopes(_ step: Int, _ count: Int) -> [Float] {
        (0..<count).map { Float(($0 * 5 + step * 3) % 7 - 3) / 4 }
    }

    /// The same in Double, as PyTorch's documentation defines it: state by element, weights first.
    private struct Oracle {
        var w: [Double] = [1, -2, 3, 0.5, 4]
        var first = [Double](repeating: 0, count: 5)
        var second = [Double](repeating: 0, count: 5)

        mutating func sgd(_ g: [Double], rate: Double, momentum: Double, nesterov: Bool, decay: Double) {
            for i in 0..<5 {
                let g = g[i] + (i < 3 ? decay * w[i] : 0)
                first[i] = momentum * first[i] + g
                w[i] -= rate * (nesterov ? g + momentum * first[i] : first[i])
            }
        }

        mutating func adamW(_ g: [Double], rate: Double, step: Int, decay: Double) {
            for i in 0..<5 {
                first[i] = 0.9 * first[i] + 0.1 * g[i]
                second[i] = 0.999 * second[i] + 0.001 * g[i] * g[i]
                var (power1, power2) = (1.0, 1.0)
                for _ in 0..<step { (power1, power2) = (power1 * 0.9, power2 * 0.999) }
                w[i] -= rate * (i < 3 ? decay * w[i] : 0)
                w[i] -= rate * first[i] / (1 - power1) / ((second[i] / (1 - power2)).squareRoot() + 1e-8)
            }
        }
    }

    private func compare(_ pair: Pair, _ oracle: Oracle) {
        let found = (pair.weight.value.scalars + pair.bias.value.scalars).map(Double.init)
        for (found, wanted) in zip(found, oracle.w) { #expect(abs(found - wanted) < 5e-6) }
        #expect(pair.statistic.value.scalars == [7])
    }

    @Test(
        "SGD over six steps: velocity of its own for each parameter, decay for the weight alone",
        arguments: [true, false])
    func sgd(nesterov: Bool) {
        var (pair, oracle) = (Pair(), Oracle())
        var optimizer = Optimizer(.sgd(momentum: 0.9, nesterov: nesterov, weightDecay: 0.1))
        for step in 0..<6 {
            let (a, b) = (slopes(step, 3), slopes(step + 2, 2))
            let gradients = pair.gradients(a, b)
            optimizer.step(&pair, along: gradients, rate: 0.1)
            oracle.sgd((a + b).map(Double.init), rate: 0.1, momentum: 0.9, nesterov: nesterov, decay: 0.1)
        }
        compare(pair, oracle)
        #expect(optimizer.steps == 6)
    }

    // PyTorch decays before the step and we beside it: w − r·(s + d·w) is the same number.
    @Test("AdamW over six steps, decay decoupled and for the weight alone")
    func adamW() {
        var (pair, oracle) = (Pair(), Oracle())
        var optimizer = Optimizer(.adamW(weightDecay: 0.1))
        for step in 0..<6 {
            let (a, b) = (slopes(step, 3), slopes(step + 2, 2))
            let gradients = pair.gradients(a, b)
            optimizer.step(&pair, along: gradients, rate: 0.05)
            oracle.adamW((a + b).map(Double.init), rate: 0.05, step: step + 1, decay: 0.1)
        }
        compare(pair, oracle)
    }

    // Gradients 3, 0, 0 and 0, 4: their norm together is 5, and neither of the two norms by itself.
    @Test("Clipping scales all gradients together, and only those that are too long")
    func clipping() {
        func stepped(_ clipping: Float?) -> [Float] {
            var pair = Pair()
            let gradients = pair.gradients([3, 0, 0], [0, 4])
            #expect(Optimizer.norm(of: gradients, in: pair) == 5)
            var optimizer = Optimizer(.sgd(momentum: 0, nesterov: false, weightDecay: 0))
            optimizer.step(&pair, along: gradients, rate: 1, clipping: clipping)
            return pair.weight.value.scalars + pair.bias.value.scalars
        }
        #expect(stepped(nil) == [-2, -2, 3, 0.5, 0])
        #expect(stepped(5) == [-2, -2, 3, 0.5, 0])
        #expect(stepped(2.5) == [-0.5, -2, 3, 0.5, 2])
        let tight = stepped(1e-3)
        #expect(abs(tight[0] - 0.9994) < 1e-6 && abs(tight[4] - 3.9992) < 1e-6)
    }

    @Test("A constant out of range stops the program")
    func refusals() async {
        await #expect(processExitsWith: .failure) { _ = Optimizer(.sgd(momentum: 1)) }
        await #expect(processExitsWith: .failure) { _ = Optimizer(.adamW(epsilon: 0)) }
        await #expect(processExitsWith: .failure) { _ = Optimizer(.adamW(weightDecay: .nan)) }
    }

    // decay 0.5: kept is min(0.5, (1 + n) / (10 + n)) = 0.1, 2/11, 0.25, … of the old average.
    @Test("The weight average against its formula; early steps count as if it had just begun")
    func average() {
        var pair = Pair()
        var average = WeightAverage(of: pair, decay: 0.2)
        var (weight, statistic) = (1.0, 7.0)
        for (step, kept) in [0.1, 2.0 / 11, 0.2, 0.2].enumerated() {
            pair.weight.value = Tensor([Float(step), 0, 0])
            pair.statistic.value = Tensor([Float(10 * step)])
            average.update(with: pair)
            weight = kept * weight + (1 - kept) * Double(step)
            statistic = kept * statistic + (1 - kept) * Double(10 * step)
        }
        let applied = average.applied(to: pair)
        #expect(abs(Double(applied.weight.value.scalars[0]) - weight) < 1e-6)
        #expect(abs(Double(applied.statistic.value.scalars[0]) - statistic) < 1e-5)
        #expect(pair.weight.value.scalars[0] == 3)  // the model itself keeps its weights
    }
}

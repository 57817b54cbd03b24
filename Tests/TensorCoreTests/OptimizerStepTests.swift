import TensorCore
import TestSupport
import Testing

@Suite struct OptimizerStepTests {
    private let starts: [Float] = [1, -2, 0.5, 3, 0, -0.25, 8, -1, 2]
    private func gradient(_ step: Int) -> [Float] { (0..<9).map { Float(($0 * 5 + step * 3) % 7 - 3) / 4 } }

    @Test(
        "SGD with momentum, Nesterov's and plain, over five steps, as PyTorch's documentation defines it",
        arguments: [true, false])
    func sgd(nesterov: Bool) {
        let (rate, momentum, decay) = (0.1, 0.9, 0.01)
        var (weights, velocity) = (Tensor(starts), Tensor.zeros([9]))
        var (w, v) = (starts.map(Double.init), [Double](repeating: 0, count: 9))
        for step in 0..<5 {
            let copy = weights
            weights.stepSGD(
                along: Tensor(gradient(step)), velocity: &velocity, rate: Float(rate), momentum: Float(momentum),
                decay: Float(decay), nesterov: nesterov)
            #expect(copy != weights)  // a copy taken before keeps its values
            for index in w.indices {
                let g = Double(gradient(step)[index]) + decay * w[index]
                v[index] = momentum * v[index] + g
                w[index] -= rate * (nesterov ? g + momentum * v[index] : v[index])
            }
        }
        #expect(weights.distance(to: DoubleArray(w, shape: [9])) <= 5e-6)
        #expect(velocity.distance(to: DoubleArray(v, shape: [9])) <= 5e-6)
    }

    @Test("AdamW over five steps, as arXiv 1711.05101, algorithm 2, defines it")
    func adamW() {
        let (rate, beta1, beta2, epsilon, decay) = (0.1, 0.9, 0.99, 1e-6, 0.01)
        var weights = Tensor(starts)
        var (first, second) = (Tensor.zeros([9]), Tensor.zeros([9]))
        var (w, m, v) = (starts.map(Double.init), [Double](repeating: 0, count: 9), [Double](repeating: 0, count: 9))
        var (power1, power2) = (1.0, 1.0)
        for step in 1...5 {
            weights.stepAdamW(
                along: Tensor(gradient(step)), first: &first, second: &second, step: step, rate: Float(rate),
                betas: (Float(beta1), Float(beta2)), epsilon: Float(epsilon), decay: Float(decay))
            (power1, power2) = (power1 * beta1, power2 * beta2)
            for index in w.indices {
                let g = Double(gradient(step)[index])
                m[index] = beta1 * m[index] + (1 - beta1) * g
                v[index] = beta2 * v[index] + (1 - beta2) * g * g
                let slope = m[index] / (1 - power1) / ((v[index] / (1 - power2)).squareRoot() + epsilon)
                w[index] -= rate * (slope + decay * w[index])
            }
        }
        #expect(weights.distance(to: DoubleArray(w, shape: [9])) <= 5e-6)
        // The corrections of a step far away are 1, and cost no more than those of the first.
        weights.stepAdamW(
            along: .zeros([9]), first: &first, second: &second, step: 1_000_000_000, rate: 0, betas: (0.9, 0.99),
            epsilon: 1e-6, decay: 0)
        #expect(weights.isFinite)
    }
}

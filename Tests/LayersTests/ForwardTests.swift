import Autograd
import Layers
import TensorCore
import TestSupport
import Testing

@Suite struct ForwardTests {
    @Test("A convolution keeps the size by default; stride, padding, dilation and groups reach the geometry")
    func convolution() {
        var random = Philox(seed: 1)
        let x = Tensor(normal: [1, 6, 5, 4], using: &random)
        for kernel in [1, 3, 5] {
            #expect(Conv2D(4, 3, kernel: kernel, using: &random).predict(x).shape == [1, 6, 5, 3])
        }
        let layer = Conv2D(4, 6, kernel: 3, stride: 2, padding: 2, dilation: 2, groups: 2, using: &random)
        let naive = NaiveConvolution(
            input: (1, 6, 5, 4), kernel: (3, 3), output: 6, stride: (2, 2), padding: (2, 2), dilation: (2, 2), groups: 2
        )
        #expect(
            layer.predict(x).distance(to: naive.output(DoubleArray(x), DoubleArray(layer.weight.value))) < 1e-5)
        #expect(Conv2D(4, 3, kernel: 3, dilation: 2, using: &random).predict(x).shape == [1, 6, 5, 3])
    }

    @Test("Batch-norm's running statistics: a tenth of each batch's, the variance unbiased, used in evaluation")
    func runningStatistics() {
        var layer = BatchNorm(1)
        let x = Tensor([1, 3], shape: [2, 1])  // mean 2, variance 1, unbiased 2
        _ = valueAndGradients(of: &layer) { layer, tape in layer(tape.constant(x)).sum() }
        #expect(abs(layer.runningMean.value.scalar - 0.2) < 1e-6)
        #expect(abs(layer.runningVariance.value.scalar - (0.9 + 0.1 * 2)) < 1e-6)
        let expected = (Double(1) - 0.2) / (1.1 + 1e-5).squareRoot()
        #expect(abs(Double(layer.predict(x).scalars[0]) - expected) < 1e-6)
        // Evaluation changed nothing.
        #expect(abs(layer.runningMean.value.scalar - 0.2) < 1e-6)
    }

    @Test("A normalisation that a pass uses twice updates its statistics twice")
    func usedTwice() {
        var layer = BatchNorm(1)
        _ = valueAndGradients(of: &layer) { layer, tape in
            let first = layer(tape.constant(Tensor([1, 3], shape: [2, 1])))
            return (first + layer(tape.constant(Tensor([11, 13], shape: [2, 1])))).sum()
        }
        #expect(abs(layer.runningMean.value.scalar - (0.9 * 0.2 + 1.2)) < 1e-5)
    }

    @Test("A model that the pass does not train gets no gradient, and its statistics and mode stay as in use")
    func teacher() {
        var student = ConvNet(width: 2, channels: 1, classes: 3, seed: 1)
        let teacher = ConvNet(width: 2, channels: 1, classes: 3, seed: 2)
        var random = Philox(seed: 3)
        let x = Tensor(normal: [3, 4, 4, 1], using: &random)
        var seen: Tensor?
        let before = teacher.tensors
        _ = valueAndGradients(of: &student) { student, tape in
            let output = teacher(tape.constant(x))
            seen = output.value
            return student(tape.constant(x)).meanSquaredError(to: output.value)
        }
        #expect(teacher.tensors == before)
        #expect((seen! - teacher.predict(x)).scalars.allSatisfy { abs($0) < 1e-5 })
    }

    @Test("Dropout works in training alone, by the pass's random stream")
    func dropout() {
        var layer = Dropout(0.5)
        let x = Tensor.ones([20, 20])
        func output(seed: UInt64) -> Tensor? {
            var result: Tensor?
            _ = valueAndGradients(of: &layer, random: Philox(seed: seed)) { layer, tape in
                let output = layer(tape.constant(x))
                result = output.value
                return output.sum()
            }
            return result
        }
        #expect(Set(output(seed: 1)?.scalars ?? []) == [0, 2])
        #expect(output(seed: 1) == output(seed: 1) && output(seed: 1) != output(seed: 2))
        #expect(layer.predict(x) == x)
    }

    @Test("Feature maps by name, with their shapes")
    func features() {
        let cases: [(any Module, [String: Shape])] = [
            (ConvNet(width: 2, channels: 1, classes: 3, seed: 1), ["stage1": [2, 8, 6, 2], "stage2": [2, 4, 3, 4]]),
            (
                ResNet(depth: 8, channels: 1, classes: 3, seed: 1),
                ["stage1": [2, 8, 6, 16], "stage2": [2, 4, 3, 32], "stage3": [2, 2, 2, 64]]
            ),
        ]
        for (network, expected) in cases {
            let tape = Tape(mode: .evaluation, features: Set(expected.keys).union(["stage9"]))
            #expect(network(tape.constant(.ones([2, 8, 6, 1]))).shape == [2, 3])
            #expect(tape.features.mapValues(\.shape) == expected)
        }
    }

    @Test("Odd and smallest images pass through every network")
    func sizes() {
        #expect(ConvNet(width: 1, channels: 1, classes: 2, seed: 1).predict(.ones([1, 2, 2, 1])).shape == [1, 2])
        #expect(ConvNet(width: 1, channels: 2, classes: 2, seed: 1).predict(.ones([1, 7, 3, 2])).shape == [1, 2])
        #expect(ResNet(depth: 8, channels: 1, classes: 2, seed: 1).predict(.ones([1, 1, 1, 1])).shape == [1, 2])
        #expect(MLP(inputs: 6, hidden: [3], classes: 2, seed: 1).predict(.ones([4, 3, 2, 1])).shape == [4, 2])
    }
}

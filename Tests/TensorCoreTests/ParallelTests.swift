import Foundation
import Synchronization
import TensorCore
import Testing

@Suite struct ParallelTests {
    @Test("Every piece runs once, for any number of threads, and nested pieces too")
    func everyPiece() {
        for threads in [1, 2, 3, 8] {
            for pieces in [0, 1, 2, 7, 100] {
                nonisolated(unsafe) let calls = UnsafeMutableBufferPointer<Int>.allocate(capacity: pieces)
                calls.initialize(repeating: 0)
                defer { calls.deallocate() }
                let nested = Atomic<Int>(0)
                Parallel.withThreads(threads) {
                    Parallel.forEach(pieces) { piece in
                        calls[piece] += 1
                        Parallel.forEach(3) { _ in nested.add(1, ordering: .relaxed) }
                    }
                }
                #expect(Array(calls) == [Int](repeating: 1, count: pieces))
                #expect(nested.load(ordering: .relaxed) == 3 * pieces)
            }
        }
    }

    @Test("Callers at once each get every piece done, whether helpers are awake, asleep or taken")
    func callersAtOnce() async {
        let pieces = 5
        let wrong = await withTaskGroup(of: Int.self) { group in
            for caller in 0..<4 {
                group.addTask {
                    var wrong = 0
                    for round in 0..<200 {
                        let sum = Atomic<Int>(0)
                        Parallel.withThreads(2 + caller % 2) {
                            Parallel.forEach(pieces) { sum.add(1 << (8 * $0), ordering: .relaxed) }
                        }
                        if sum.load(ordering: .relaxed) != 0x01_0101_0101 { wrong += 1 }
                        if round % 50 == caller { try? await Task.sleep(for: .milliseconds(3)) }
                    }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }

    @Test("The number of threads is this task's own, and is back afterwards")
    func scope() {
        let before = Parallel.threads
        Parallel.withThreads(5) {
            #expect(Parallel.threads == 5)
            Parallel.withThreads(2) { #expect(Parallel.threads == 2) }
            #expect(Parallel.threads == 5)
        }
        #expect(Parallel.threads == before)
        // Inside a piece everything is serial.
        Parallel.withThreads(2) { Parallel.forEach(2) { _ in #expect(Parallel.threads == 1) } }
    }

    @Test("RETORT_THREADS sets the number, what is no number or none does not, and the program's own word counts more")
    func environment() async {
        await #expect(processExitsWith: .success) {
            setenv("RETORT_THREADS", "3", 1)
            #expect(Parallel.threads == 3)
            Parallel.threads = 2
            #expect(Parallel.threads == 2)
        }
        await #expect(processExitsWith: .success) {
            setenv("RETORT_THREADS", "-4 many", 1)
            #expect(Parallel.threads == ProcessInfo.processInfo.activeProcessorCount)
        }
    }

    /// Results of everything that is cut into pieces, on tensors large enough to have several.
    private func results() -> [Tensor] {
        var random = Philox(seed: 91)
        let x = Tensor(normal: [9, 16, 16, 16], using: &random)  // 36,864 elements: two pieces elementwise
        let g = Tensor(normal: x.shape, using: &random)
        let channels = Tensor(normal: [16], using: &random)
        let convolution = Conv2DGeometry(input: (16, 16, 16), kernel: (3, 3), outputChannels: 16, padding: (1, 1))
        let weights = Tensor(normal: convolution.weightShape, using: &random)
        let pool = Pool2DGeometry(input: (16, 16, 16), window: (2, 2))
        let (normalized, statistics) = batchNormTraining(
            x, scale: channels, shift: channels, epsilon: 1e-5, residual: g, relu: true)
        let gradients = batchNormTrainingGradient(
            g, x: x, statistics: statistics, scale: channels, shift: channels, residual: g, relu: true)
        let (maximum, argmax) = maxPool2D(x, pool)
        let average = averagePool2D(x, pool)
        let wide = Tensor(normal: [40, 1000], using: &random)
        let tall = wide.reshaped(to: [1000, 40])
        let batches = Tensor(normal: [3, 20, 20], using: &random)
        return [
            x + g, relu(x), Tensor(x.sum()), sigmoid(x), convolution2D(x, weights, bias: channels, convolution),
            convolution2DGradientToInput(g, weights, convolution), convolution2DGradientToWeights(x, g, convolution),
            normalized, statistics.mean, statistics.variance, gradients.x, gradients.scale, gradients.shift, maximum,
            maxPool2DGradient(average, argmax, pool), average, averagePool2DGradient(average, pool), globalAverage(x),
            globalAverageGradient(globalAverage(x), to: x.shape), sumOverLeadingAxes(x),
            matmul(wide, wide, transposeB: true), matmul(tall, tall, transposeA: true), batchedMatmul(batches, batches),
        ]
    }

    @Test("One thread and two give the same bits")
    func sameBits() {
        let expected = Parallel.withThreads(1) { results() }
        for (place, (two, one)) in zip(Parallel.withThreads(2) { results() }, expected).enumerated() {
            #expect(two.isBitIdentical(to: one), "result \(place)")
        }
    }
}

// The time of each kernel by itself, on the shapes of the yardstick networks' middle layers. `make bench`.

import Benchmark
import Retort

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock], warmupIterations: 5, maxDuration: .milliseconds(300), maxIterations: 1_000_000)
    convolutions()
    normalization()
    pooling()
    losses()
    matrixProducts()
    optimizerSteps()
    elementwise()
}

/// Measures one call of the closure; what it returns is not optimised away.
func measure<Result>(_ name: String, _ body: @escaping () -> Result) {
    Benchmark(name) { _ in blackHole(body()) }
}

/// A batch of 64 images' worth of normally distributed numbers, the same in each run.
func normal(_ shape: Shape) -> Tensor {
    var random = Philox(seed: 1)
    return Tensor(normal: shape, using: &random)
}

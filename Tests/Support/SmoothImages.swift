import Layers
import TensorCore

/// Images with large structures, as calibration and test inputs: a few random waves each. [count, side, side,
/// channels].
public func smoothImages(_ count: Int, side: Int, channels: Int = 1, seed: UInt64) -> Tensor {
    var random = Philox(seed: seed)
    var scalars: [Float] = []
    for _ in 0..<count {
        let waves = (0..<3 * channels).map { _ in (0..<4).map { _ in random.uniform(in: -1...1) } }
        for y in 0..<side {
            for x in 0..<side {
                for channel in 0..<channels {
                    let value = waves[3 * channel..<3 * channel + 3].reduce(Float(0)) { sum, wave in
                        let phase = wave[0] * Float(x) / 3 + wave[1] * Float(y) / 3 + 3 * wave[2]
                        // A parabola instead of a sine: as smooth as is needed here.
                        let t = phase - 2 * (phase / 2).rounded()
                        return sum + 2 * wave[3] * t * (1 - abs(t))
                    }
                    scalars.append(value * 2)
                }
            }
        }
    }
    return Tensor(scalars, shape: [count, side, side, channels])
}

/// Statistics, scales and shifts of normalisations as training leaves them: not 0 and 1.
public func withStatistics<M: Module>(_ module: M, seed: UInt64) -> M {
    var random = Philox(seed: seed)
    var model = module
    model.forEachParameter { path, parameter in
        let shape = parameter.value.shape
        if path.hasSuffix("runningMean") { parameter.value = Tensor(uniform: shape, in: -0.3...0.3, using: &random) }
        if path.hasSuffix("runningVariance") { parameter.value = Tensor(uniform: shape, in: 0.4...2, using: &random) }
        if path.hasSuffix("scale") { parameter.value = Tensor(uniform: shape, in: 0.5...1.5, using: &random) }
        if path.hasSuffix("shift") { parameter.value = Tensor(uniform: shape, in: -0.3...0.3, using: &random) }
    }
    return model
}

import Retort

/// Each algorithm in its three passes, where it does not leave a pass to another.
func convolutions() {
    let layers = [
        ("28×28×16→16", geometry(28, 16, 16)), ("14×14×32→32", geometry(14, 32, 32)),
        ("8×8×64→64", geometry(8, 64, 64)), ("32×32×16→32 stride 2", geometry(32, 16, 32, stride: 2)),
    ]
    for (layer, geometry) in layers {
        let x = normal(geometry.inputShape(batch: 64))
        let upstream = normal(geometry.outputShape(batch: 64))
        let weights = normal(geometry.weightShape)
        for algorithm in Conv2DAlgorithm.allCases {
            if algorithm.computes(.forward, of: geometry) {
                measure("convolution \(layer) \(algorithm) forward") {
                    convolution2D(x, weights, geometry, algorithm: algorithm)
                }
            }
            if algorithm.computes(.gradientToInput, of: geometry) {
                measure("convolution \(layer) \(algorithm) to input") {
                    convolution2DGradientToInput(upstream, weights, geometry, algorithm: algorithm)
                }
            }
            if algorithm.computes(.gradientToWeights, of: geometry) {
                measure("convolution \(layer) \(algorithm) to weights") {
                    convolution2DGradientToWeights(x, upstream, geometry, algorithm: algorithm)
                }
            }
        }
    }
}

private func geometry(_ side: Int, _ channels: Int, _ outputChannels: Int, stride: Int = 1) -> Conv2DGeometry {
    Conv2DGeometry(
        input: (side, side, channels), kernel: (3, 3), outputChannels: outputChannels, stride: (stride, stride),
        padding: (1, 1))
}

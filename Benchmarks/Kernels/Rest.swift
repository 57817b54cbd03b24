import Retort

/// Batch normalisation with ReLU, with a residual and without, and its gradient.
func normalization() {
    let x = normal([64, 28, 28, 16])
    let residual = normal(x.shape)
    let upstream = normal(x.shape)
    let (scale, shift) = (Tensor.ones([16]), Tensor.zeros([16]))
    for (name, residual) in [("", nil), (" residual", residual)] as [(String, Tensor?)] {
        let statistics = batchNormTraining(x, scale: scale, shift: shift, epsilon: 1e-5).statistics
        measure("batch-norm 28×28×16\(name) forward") {
            batchNormTraining(x, scale: scale, shift: shift, epsilon: 1e-5, residual: residual, relu: true).output
        }
        measure("batch-norm 28×28×16\(name) gradient") {
            batchNormTrainingGradient(
                upstream, x: x, statistics: statistics, scale: scale, shift: shift, residual: residual, relu: true
            ).x
        }
    }
}

func pooling() {
    let x = normal([64, 28, 28, 16])
    let geometry = Pool2DGeometry(input: (28, 28, 16), window: (2, 2))
    let upstream = normal(geometry.outputShape(batch: 64))
    let argmax = maxPool2D(x, geometry).argmax
    measure("max-pool 28×28×16 forward") { maxPool2D(x, geometry).output }
    measure("max-pool 28×28×16 gradient") { maxPool2DGradient(upstream, argmax, geometry) }
    measure("average-pool 28×28×16 forward") { averagePool2D(x, geometry) }
    measure("average-pool 28×28×16 gradient") { averagePool2DGradient(upstream, geometry) }
    let means = globalAverage(x)
    measure("global-average 28×28×16 forward") { globalAverage(x) }
    measure("global-average 28×28×16 gradient") { globalAverageGradient(means, to: x.shape) }
}

func losses() {
    let logits = normal([64, 10])
    let targets = softmax(normal([64, 10]))
    measure("softmax cross-entropy 64×10") { softmaxCrossEntropy(logits, targets: targets).gradient }
}

func matrixProducts() {
    for (m, k, n) in [(64, 64, 10), (256, 256, 256)] {
        let (a, b) = (normal([m, k]), normal([k, n]))
        measure("matmul \(m)×\(k) · \(k)×\(n)") { matmul(a, b) }
    }
}

/// One step over as many weights as ConvNet(32) has.
func optimizerSteps() {
    let gradient = normal([65_834])
    var weights = normal(gradient.shape)
    var (first, second) = (Tensor.zeros(gradient.shape), Tensor.zeros(gradient.shape))
    measure("SGD with momentum 65,834") {
        weights.stepSGD(
            along: gradient, velocity: &first, rate: 0.01, momentum: 0.9, decay: 1e-4, nesterov: false)
    }
    measure("AdamW 65,834") {
        weights.stepAdamW(
            along: gradient, first: &first, second: &second, step: 1, rate: 1e-3, betas: (0.9, 0.999), epsilon: 1e-8,
            decay: 1e-2)
    }
}

func elementwise() {
    let (x, y) = (normal([64, 28, 28, 16]), normal([64, 28, 28, 16]))
    measure("add 28×28×16") { x + y }
    measure("affine 28×28×16") { x.affine(factor: 2, offset: 1) }
    measure("relu 28×28×16") { relu(x) }
    measure("relu 28×28×16 gradient") { reluGradient(x, output: y) }
    measure("sum 28×28×16") { x.sum() }
}

import Autograd
import Layers
import TensorCore

/// Brings a student's map to the teacher's channels: a 1×1 convolution and a normalisation, learnt with the student and
/// dropped at the end.
struct FeatureAdapter: Module {
    var convolution: Conv2D
    var normalization: BatchNorm

    /// - Parameters:
    ///   - inputChannels: the student's.
    ///   - outputChannels: the teacher's.
    init(_ inputChannels: Int, _ outputChannels: Int, using random: inout Philox) {
        convolution = Conv2D(inputChannels, outputChannels, kernel: 1, bias: false, using: &random)
        normalization = BatchNorm(outputChannels)
    }

    /// - Parameter input: [N, H, W, C].
    func callAsFunction(_ input: Variable) -> Variable { normalization(convolution(input)) }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("convolution", &convolution)
        visitor("normalization", &normalization)
    }

    /// Starts as the affine map that comes closest to the teacher's map in the mean square over a batch.
    ///
    /// A little ridge, 10⁻⁵ of the channels' mean square, keeps it defined where a channel is dead or repeats another.
    ///
    /// - Parameters:
    ///   - student: [N, H, W, C].
    ///   - teacher: [N, H, W, C'].
    /// - Throws: `LinearAlgebraError` if a map is not finite.
    mutating func fit(_ student: Tensor, to teacher: Tensor) throws(LinearAlgebraError) {
        let (n, h, w, inputs) = student.shape.nhwc(for: "adapter")
        let outputs = teacher.shape[3]
        let x = student.reshaped(to: [n * h * w, inputs])
        let y = teacher.reshaped(to: [n * h * w, outputs])
        let (meanX, meanY) = (x.mean(axis: 0, keepingAxis: true), y.mean(axis: 0, keepingAxis: true))
        let centered = x - meanX
        let ridge = (1e-5 * max((centered * centered).mean(), 1e-6) * Float(n * h * w)).squareRoot()
        var penalty = Tensor.zeros([inputs, inputs])
        for channel in 0..<inputs { penalty[channel, channel] = ridge }
        let weight = try lstsq(
            .concatenated([centered, penalty], axis: 0),
            .concatenated([y - meanY, .zeros([inputs, outputs])], axis: 0))
        convolution.weight.value = weight.reshaped(to: [1, 1, inputs, outputs])
        // The normalisation takes the result's mean and variance out; its scale and shift put them in again.
        let fitted = matmul(centered, weight)  // [N·H·W, C'], mean 0
        let variance = (fitted * fitted).mean(axis: 0)
        normalization.scale.value = variance.map { ($0 + normalization.epsilon).squareRoot() }
        normalization.shift.value = meanY.reshaped(to: [outputs])
        normalization.runningMean.value = matmul(meanX, weight).reshaped(to: [outputs])
        normalization.runningVariance.value = variance
    }
}

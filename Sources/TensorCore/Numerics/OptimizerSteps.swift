import CKernels
import Foundation

extension Tensor {
    /// One step of stochastic gradient descent with momentum, in place, in PyTorch's order of operations:
    /// g ← g + decay · w; v ← momentum · v + g; w ← w − rate · (g + momentum · v if Nesterov, else v).
    ///
    /// - Parameters:
    ///   - gradient: shape of this tensor.
    ///   - velocity: shape of this tensor; zeros before the first step.
    public mutating func stepSGD(
        along gradient: Tensor, velocity: inout Tensor, rate: Float, momentum: Float, decay: Float, nesterov: Bool
    ) {
        require(
            shape == gradient.shape && shape == velocity.shape,
            "stepSGD: weights \(shape), gradient \(gradient.shape), velocity \(velocity.shape)")
        rk_sgd(
            mutablePointer(), velocity.mutablePointer(), gradient.pointer, count, rate, momentum, decay,
            nesterov ? 1 : 0)
    }

    /// One step of AdamW (Loshchilov and Hutter, arXiv 1711.05101), in place.
    ///
    /// - Parameters:
    ///   - gradient: shape of this tensor.
    ///   - first: running mean of the gradient, zeros before the first step.
    ///   - second: running mean of its square, zeros before the first step.
    ///   - step: counts from 1.
    public mutating func stepAdamW(
        along gradient: Tensor, first: inout Tensor, second: inout Tensor, step: Int, rate: Float,
        betas: (Float, Float), epsilon: Float, decay: Float
    ) {
        require(
            shape == gradient.shape && shape == first.shape && shape == second.shape,
            "stepAdamW: weights \(shape), gradient \(gradient.shape), moments \(first.shape) and \(second.shape)")
        require(step > 0, "stepAdamW: step \(step), 1 or more expected")
        func correction(_ beta: Float) -> Float { Float(1 / (1 - pow(Double(beta), Double(step)))) }
        var options = rk_adamw(
            rate: rate, beta1: betas.0, beta2: betas.1, epsilon: epsilon, decay: decay,
            first_correction: correction(betas.0), second_correction: correction(betas.1))
        rk_adamw_step(
            mutablePointer(), first.mutablePointer(), second.mutablePointer(), gradient.pointer, count, &options)
    }
}

import Autograd
import TensorCore

/// How far a student's outputs are from a teacher's.
public enum ResponseLoss: String, Hashable, Sendable, Codable, CaseIterable {
    /// T² · KL(teacher ‖ student) with the softmax of both at temperature T, summed over classes and averaged over the
    /// batch (Hinton, Vinyals and Dean, arXiv 1503.02531). The factor keeps the gradient's size when T changes.
    case hinton

    /// The loss of a batch.
    ///
    /// - Parameters:
    ///   - student: logits [N, classes].
    ///   - teacher: logits of the same images, [N, classes].
    ///   - temperature: above 0.
    ///   - weights: of the images in the mean, one a row, 0 or more; 1 for all when omitted.
    /// - Returns: a variable with one element.
    public func callAsFunction(
        student: Variable, teacher: Tensor, temperature: Float, weights: [Float]? = nil
    ) -> Variable {
        switch self {
        case .hinton:
            let (losses, gradient) = hintonDivergence(
                student: student.value, teacher: teacher, temperature: temperature)
            return student.tape.weightedMean(
                "hinton", losses, gradient, weights ?? [Float](repeating: 1, count: losses.count), of: student)
        }
    }
}

/// T² · KL(q ‖ p) of each row, with q = softmax(teacher / T) and p = softmax(student / T).
///
/// - Parameters:
///   - student: logits [N, K].
///   - teacher: logits [N, K].
///   - temperature: T, above 0.
/// - Returns: each row's loss [N], and its gradient with respect to the student's row, T · (p − q), [N, K].
public func hintonDivergence(
    student: Tensor, teacher: Tensor, temperature: Float
) -> (losses: Tensor, gradient: Tensor) {
    require(student.shape == teacher.shape, "hinton: student's logits \(student.shape), teacher's \(teacher.shape)")
    require(temperature > 0 && temperature.isFinite, "hinton: temperature \(temperature), above 0 expected")
    let (cooledStudent, cooledTeacher) = (student * (1 / temperature), teacher * (1 / temperature))
    let q = softmax(cooledTeacher)
    let difference = logSoftmax(cooledTeacher) - logSoftmax(cooledStudent)
    let losses = (q * difference).sum(axis: 1) * (temperature * temperature)
    // Equal logits give equal bits in both softmaxes, so the gradient is exactly zero then.
    return (losses, (softmax(cooledStudent) - q) * temperature)
}

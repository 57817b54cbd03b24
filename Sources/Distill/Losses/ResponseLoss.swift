import Autograd
import TensorCore

/// How far a student's outputs are from a teacher's.
///
/// In the formulas q = softmax(teacher / T) and p = softmax(student / T) of one image, and the loss of a batch is the
/// mean over its images. Every loss that has a temperature is multiplied by T², which keeps the gradient's size when T
/// changes. All but ``meanSquaredError`` see only differences between a row's logits, and all are 0 where both networks
/// agree.
public indirect enum ResponseLoss: Hashable, Sendable, Codable {
    /// T² · ((1 − reverse) · KL(q ‖ p) + reverse · KL(p ‖ q)).
    ///
    /// With `reverse` 0 that of Hinton, Vinyals and Dean (arXiv 1503.02531): the student covers every class that the
    /// teacher deems possible. With 1 it keeps to classes that the teacher deems likely (Gu et al., arXiv 2306.08543),
    /// with a number between it is a mixture. `reverse` is in 0 ... 1.
    case kullbackLeibler(reverse: Float = 0)

    /// T² · ½ (KL(p ‖ m) + KL(q ‖ m)) with m = ½ (p + q) (Lin, IEEE Transactions on Information Theory 37 (1), 1991):
    /// symmetric and at most T² ln 2, so that images of which the two think quite differently do not rule the batch.
    case jensenShannon

    /// ½ · the mean over classes of the squared differences between logits (Ba and Caruana, arXiv 1312.6184; Kim et
    /// al., arXiv 2105.08919): what T² · KL goes to when T grows, for rows of equal mean. It has no temperature.
    case meanSquaredError

    /// T² · (target · TCKD + nonTarget · NCKD), decoupled distillation (Zhao et al., arXiv 2203.08679).
    ///
    /// TCKD is KL(q ‖ p) of the two events "the target class" and "any other", NCKD is KL(q ‖ p) among the other
    /// classes alone. Hinton's loss has 1 and 1 − q(target) as their factors, so a sure teacher's view of the other
    /// classes hardly counts. The target is the image's label, and the teacher's most probable class where there is
    /// none. Weights 0 or more.
    case decoupled(target: Float = 1, nonTarget: Float = 8)

    /// T² · (inter · Σ (1 − r(qᵢ, pᵢ)) / N + intra · Σ (1 − r(qₖ, pₖ)) / K), DIST (Huang et al., arXiv 2205.10536).
    ///
    /// r is Pearson's correlation: of an image's probabilities over the K classes, and of a class's over the N images
    /// of the batch. The student may be less sure than the teacher, as long as the order and the relations are right.
    /// Probabilities whose deviations have a norm below 10⁻³ are as if it were 10⁻³, as they have no direction; a batch
    /// of one image has no second term. Weights 0 or more.
    case correlation(inter: Float = 2, intra: Float = 2)

    /// Another loss of standardised logits, (z − mean) / √(variance + 10⁻⁵) of each row (Sun et al., arXiv 2403.01427).
    ///
    /// A small student need not reach the size of its teacher's logits, only their relations. The variance is that of
    /// the paper, over K; the 10⁻⁵, which the paper does not have, bounds the gradient of a row of equal logits.
    case standardized(ResponseLoss)

    /// What computes it: the place where a loss is entered beside its case.
    private var function: any ResponseFunction {
        switch self {
        case .kullbackLeibler(let reverse): KullbackLeibler(reverse: reverse)
        case .jensenShannon: JensenShannon()
        case .meanSquaredError: LogitDistance()
        case .decoupled(let target, let nonTarget): Decoupled(target: target, nonTarget: nonTarget)
        case .correlation(let inter, let intra): ClassCorrelation(inter: inter, intra: intra)
        case .standardized(let loss): Standardized(loss: loss)
        }
    }

    /// The losses by the names that the literature has for them, each with its standard numbers.
    public static let named: [(name: String, value: ResponseLoss)] = [
        ("kl", .hinton), ("reverse-kl", .kullbackLeibler(reverse: 1)), ("jensen-shannon", .jensenShannon),
        ("mse", .meanSquaredError), ("dkd", .decoupled()), ("dist", .correlation()),
        ("standardized-kl", .standardized(.hinton)), ("standardized-dkd", .standardized(.decoupled())),
    ]

    /// T² · KL(teacher ‖ student) (Hinton, Vinyals and Dean, arXiv 1503.02531).
    public static let hinton = ResponseLoss.kullbackLeibler()

    /// The loss of a batch.
    ///
    /// - Parameters:
    ///   - student: logits [N, classes].
    ///   - teacher: logits of the same images, [N, classes].
    ///   - labels: classes of the images, which ``decoupled(target:nonTarget:)`` reads; none when omitted.
    ///   - temperature: T, above 0.
    ///   - weights: of the images in the mean, one a row, 0 or more; 1 for all when omitted.
    /// - Returns: a variable with one element.
    public func callAsFunction(
        student: Variable, teacher: Tensor, labels: [Int?]? = nil, temperature: Float, weights: [Float]? = nil
    ) -> Variable {
        let (losses, gradient) = rows(
            student: student.value, teacher: teacher, labels: labels, temperature: temperature)
        return student.tape.weightedMean(
            "response loss", losses, gradient, weights ?? [Float](repeating: 1, count: losses.count), of: student)
    }

    /// The loss of each image, and its gradient.
    ///
    /// - Parameters: as ``callAsFunction(student:teacher:labels:temperature:)``.
    /// - Returns: the losses [N], and the gradient of their sum with respect to the student's logits [N, classes].
    public func rows(
        student: Tensor, teacher: Tensor, labels: [Int?]? = nil, temperature: Float
    ) -> (losses: Tensor, gradient: Tensor) {
        rows(
            student: student, teacher: teacher, labels: labels,
            temperatures: [Float](repeating: temperature, count: student.shape.matrix(for: "response loss").0))
    }

    /// The loss of each image at a temperature of its own, and its gradient.
    ///
    /// - Parameters: as ``rows(student:teacher:labels:temperature:)``, but for `temperatures`, one an image, above 0.
    /// - Returns: the losses [N], and the gradient of their sum with respect to the student's logits [N, classes].
    public func rows(
        student: Tensor, teacher: Tensor, labels: [Int?]? = nil, temperatures: [Float]
    ) -> (losses: Tensor, gradient: Tensor) {
        let (count, _) = student.shape.matrix(for: "response loss")
        require(
            student.shape == teacher.shape,
            "response loss: student's logits \(student.shape), teacher's \(teacher.shape)")
        require(
            temperatures.count == count && temperatures.allSatisfy { $0 > 0 && $0.isFinite },
            "response loss: temperatures \(temperatures) for \(count) rows, one each above 0 expected")
        require(
            labels.map { $0.count == count } ?? true, "response loss: \(labels?.count ?? 0) labels for \(count) rows")
        return function.rows(student: student, teacher: teacher, labels: labels, temperatures: temperatures)
    }

    /// How each image's loss changes with ln T: T · ∂loss/∂T.
    ///
    /// - Parameters: as ``rows(student:teacher:labels:temperatures:)``.
    /// - Returns: one number an image; 0 for a loss without temperature.
    func temperatureSlopes(
        student: Tensor, teacher: Tensor, labels: [Int?]? = nil, temperatures: [Float]
    ) -> [Double] {
        function.temperatureSlopes(student: student, teacher: teacher, labels: labels, temperatures: temperatures)
    }

    /// Checks the numbers in it.
    ///
    /// - Throws: `ConfigurationError` for a weight below 0, and a share outside 0 ... 1.
    func check() throws { try function.check() }
}

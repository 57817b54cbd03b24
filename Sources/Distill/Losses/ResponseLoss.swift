import Autograd
import TensorCore

/// How far a student's outputs are from a teacher's.
///
/// In the formulas q = softmax(teacher / T) and p = softmax(student / T) of one image, and the loss of a batch is the mean
/// over its images. Every loss that has a temperature is multiplied by T², which keeps the gradient's size when T changes.
/// All but ``meanSquaredError`` see only differences between a row's logits, and all are 0 where both networks agree.
public indirect enum ResponseLoss: Hashable, Sendable, Codable {
    /// T² · ((1 − reverse) · KL(q ‖ p) + reverse · KL(p ‖ q)).
    ///
    /// With `reverse` 0 that of Hinton, Vinyals and Dean (arXiv 1503.02531): the student covers every class that the teacher
    /// deems possible. With 1 it keeps to classes that the teacher deems likely (Gu et al., arXiv 2306.08543), with a number
    /// between it is a mixture. `reverse` is in 0 ... 1.
    case kullbackLeibler(reverse: Float = 0)

    /// T² · ½ (KL(p ‖ m) + KL(q ‖ m)) with m = ½ (p + q) (Lin, IEEE Transactions on Information Theory 37 (1), 1991): symmetric and
    /// at most T² ln 2, so that images of which the two think quite differently do not rule the batch.
    case jensenShannon

    /// ½ · the mean over classes of the squared differences between logits (Ba and Caruana, arXiv 1312.6184; Kim et al.,
    /// arXiv 2105.08919): what T² · KL goes to when T grows, for rows of equal mean. It has no temperature.
    case meanSquaredError

    /// T² · (target · TCKD + nonTarget · NCKD), decoupled distillation (Zhao et al., arXiv 2203.08679).
    ///
    /// TCKD is KL(q ‖ p) of the two events "the target class" and "any other", NCKD is KL(q ‖ p) among the other classes alone.
    /// Hinton's loss has 1 and 1 − q(target) as their factors, so a sure teacher's view of the other classes hardly counts.
    /// The target is the image's label, and the teacher's most probable class where there is none. Weights 0 or more.
    case decoupled(target: Float = 1, nonTarget: Float = 8)

    /// T² · (inter · Σ (1 − r(qᵢ, pᵢ)) / N + intra · Σ (1 − r(qₖ, pₖ)) / K), DIST (Huang et al., arXiv 2205.10536).
    ///
    /// r is Pearson's correlation: of an image's probabilities over the K classes, and of a class's over the N images of the
    /// batch. The student may be less sure than the teacher, as long as the order and the relations are right. Probabilities
    /// whose deviations have a norm below 10⁻³ are as if it were 10⁻³, as they have no direction; a batch of one image has
    /// no second term. Weights 0 or more.
    case correlation(inter: Float = 2, intra: Float = 2)

    /// Another loss of standardised logits, (z − mean) / √(variance + 10⁻⁵) of each row (Sun et al., arXiv 2403.01427).
    ///
    /// A small student need not reach the size of its teacher's logits, only their relations. The variance is that of the paper,
    /// over K; the 10⁻⁵, which the paper does not have, bounds the gradient of a row of equal logits.
    case standardized(ResponseLoss)

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
        let (count, classes) = student.shape.matrix(for: "response loss")
        require(
            student.shape == teacher.shape,
            "response loss: student's logits \(student.shape), teacher's \(teacher.shape)")
        require(
            temperatures.count == count && temperatures.allSatisfy { $0 > 0 && $0.isFinite },
            "response loss: temperatures \(temperatures) for \(count) rows, one each above 0 expected")
        require(
            labels.map { $0.count == count } ?? true, "response loss: \(labels?.count ?? 0) labels for \(count) rows")
        switch self {
        case .standardized(let loss):
            let (own, other) = (StandardizedRows(student), StandardizedRows(teacher))
            let (losses, gradient) = loss.rows(
                student: own.values, teacher: other.values, labels: labels, temperatures: temperatures)
            return (losses, own.gradient(gradient))
        case .correlation(let inter, let intra):
            return correlationLosses(
                student: student, teacher: teacher, temperatures: temperatures, inter: Double(inter),
                intra: Double(intra))
        case .meanSquaredError:
            let difference = student - teacher
            let share = 1 / Float(classes)
            return ((difference * difference).sum(axis: 1) * (0.5 * share), difference * share)
        case .kullbackLeibler(let reverse):
            return divergences(student, teacher, temperatures) { _, p, q in
                p.kullbackLeibler(to: q, reverse: Double(reverse))
            }
        case .jensenShannon:
            return divergences(student, teacher, temperatures) { _, p, q in p.jensenShannon(to: q) }
        case .decoupled(let target, let nonTarget):
            require(classes > 1, "response loss: decoupled needs 2 classes or more, logits are \(student.shape)")
            return divergences(student, teacher, temperatures) { row, p, q in
                p.decoupled(
                    from: q, at: labels?[row] ?? q.mostProbable, target: Double(target), nonTarget: Double(nonTarget))
            }
        }
    }

    /// Checks the numbers in it.
    ///
    /// - Throws: `FormatError` for a weight below 0, and a share outside 0 ... 1.
    func check() throws {
        if case .standardized(let loss) = self { return try loss.check() }
        let numbers: [(name: String, value: Float, isShare: Bool)] =
            switch self {
            case .kullbackLeibler(let reverse): [("reverse", reverse, true)]
            case .decoupled(let target, let nonTarget): [("target", target, false), ("nonTarget", nonTarget, false)]
            case .correlation(let inter, let intra): [("inter", inter, false), ("intra", intra, false)]
            case .jensenShannon, .meanSquaredError, .standardized: []
            }
        for (name, value, isShare) in numbers where !(value >= 0 && value <= (isShare ? 1 : .greatestFiniteMagnitude)) {
            throw FormatError(
                file: "distillation", place: "loss: \(name)", found: "\(value)",
                expected: isShare ? "a number in 0 ... 1" : "a number, 0 or more")
        }
    }
}

/// Losses over pairs of rows: a function of both distributions, times T² and averaged later; its gradient with respect to
/// logits / T, and so T times as much for the logits.
private func divergences(
    _ student: Tensor, _ teacher: Tensor, _ temperatures: [Float],
    _ body: (_ row: Int, _ student: SoftRow, _ teacher: SoftRow) -> (loss: Double, gradient: [Double])
) -> (losses: Tensor, gradient: Tensor) {
    let (own, other) = (SoftRow.rows(of: student, at: temperatures), SoftRow.rows(of: teacher, at: temperatures))
    var losses: [Float] = []
    var gradient: [Float] = []
    gradient.reserveCapacity(student.count)
    for row in own.indices {
        let (loss, slope) = body(row, own[row], other[row])
        let temperature = Double(temperatures[row])
        losses.append(Float(loss * temperature * temperature))
        for value in slope { gradient.append(Float(value * temperature)) }
    }
    return (Tensor(losses), Tensor(gradient, shape: student.shape))
}

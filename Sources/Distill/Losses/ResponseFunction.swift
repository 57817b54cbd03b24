import TensorCore

/// What computes a ``ResponseLoss``: one file each.
protocol ResponseFunction: Sendable {
    /// Checks the numbers in it; does nothing where not given.
    ///
    /// - Throws: `ConfigurationError` for one out of range.
    func check() throws

    /// The loss of each image at a temperature of its own, and its gradient.
    ///
    /// - Parameters:
    ///   - student: logits [N, classes].
    ///   - teacher: logits of the same images and shape.
    ///   - labels: one an image, or nil.
    ///   - temperatures: one an image, above 0.
    /// - Returns: the losses [N], and the gradient of their sum with respect to the student's logits [N, classes].
    func rows(
        student: Tensor, teacher: Tensor, labels: [Int?]?, temperatures: [Float]
    ) -> (losses: Tensor, gradient: Tensor)

    /// How each image's loss changes with ln T: T · ∂loss/∂T.
    func temperatureSlopes(
        student: Tensor, teacher: Tensor, labels: [Int?]?, temperatures: [Float]
    ) -> [Double]
}

extension ResponseFunction {
    func check() throws {}

    /// Checks a factor, and a share where the number may not be above 1.
    ///
    /// - Throws: `ConfigurationError`.
    func check(_ name: String, _ value: Float, isShare: Bool = false) throws {
        guard !(value >= 0 && value <= (isShare ? 1 : .greatestFiniteMagnitude)) else { return }
        throw ConfigurationError(
            ["loss", .name(name)], "\(value) is not a number\(isShare ? " in 0 ... 1" : ", 0 or more")")
    }
}

/// A loss T² f(s / T, t / T) of an image: a function of both distributions.
protocol RowDivergence: SoftenedFunction {
    /// f of an image, and its gradient with respect to s / T.
    func divergence(_ own: SoftRow, from teacher: SoftRow, label: Int?) -> (loss: Double, gradient: [Double])

    /// How f changes with ln (1 / T).
    func stretch(_ own: Stretched, from teacher: Stretched, label: Int?) -> Double
}

extension RowDivergence {
    func rows(
        student: Tensor, teacher: Tensor, labels: [Int?]?, temperatures: [Float]
    ) -> (losses: Tensor, gradient: Tensor) {
        let (own, other) = (SoftRow.rows(of: student, at: temperatures), SoftRow.rows(of: teacher, at: temperatures))
        var losses: [Float] = []
        var gradient: [Float] = []
        gradient.reserveCapacity(student.count)
        for row in own.indices {
            let (loss, slope) = divergence(own[row], from: other[row], label: labels?[row])
            let temperature = Double(temperatures[row])
            losses.append(Float(loss * temperature * temperature))
            // With respect to logits / T, and so T times as much for the logits.
            for value in slope { gradient.append(Float(value * temperature)) }
        }
        return (Tensor(losses), Tensor(gradient, shape: student.shape))
    }

    func stretches(_ own: [Stretched], _ teacher: [Stretched], labels: [Int?]?) -> [Double] {
        own.indices.map { stretch(own[$0], from: teacher[$0], label: labels?[$0]) }
    }
}

/// A loss T² f(s / T, t / T) of a batch.
protocol SoftenedFunction: ResponseFunction {
    /// How f of each image changes with ln (1 / T).
    func stretches(_ own: [Stretched], _ teacher: [Stretched], labels: [Int?]?) -> [Double]
}

extension SoftenedFunction {
    /// T² (2 f − r), where r is the change of f along ln (1 / T).
    ///
    /// On that way log p changes by u − Σ p u, with u = s / T; so KL(q ‖ p) changes by Σ q (b (log q − log p) + b − a),
    /// where a and b are the changes of log p and log q. Where images have temperatures of their own, all of them
    /// change by the same factor.
    func temperatureSlopes(
        student: Tensor, teacher: Tensor, labels: [Int?]?, temperatures: [Float]
    ) -> [Double] {
        let losses = rows(student: student, teacher: teacher, labels: labels, temperatures: temperatures).losses.scalars
        let stretches = stretches(
            SoftRow.rows(of: student, at: temperatures).map(Stretched.init),
            SoftRow.rows(of: teacher, at: temperatures).map(Stretched.init), labels: labels)
        return losses.indices.map { row in
            let temperature = Double(temperatures[row])
            return 2 * Double(losses[row]) - temperature * temperature * stretches[row]
        }
    }
}

import TensorCore

/// ``ResponseLoss/kullbackLeibler(reverse:)``.
struct KullbackLeibler: RowDivergence {
    let reverse: Float

    func check() throws { try check("reverse", reverse, isShare: true) }

    func divergence(_ own: SoftRow, from teacher: SoftRow, label: Int?) -> (loss: Double, gradient: [Double]) {
        own.kullbackLeibler(to: teacher, reverse: Double(reverse))
    }

    func stretch(_ own: Stretched, from teacher: Stretched, label: Int?) -> Double {
        let (forward, backward) = (teacher.divergenceSlope(from: own), own.divergenceSlope(from: teacher))
        return (1 - Double(reverse)) * forward + Double(reverse) * backward
    }
}

extension SoftRow {
    /// (1 − reverse) · KL(q ‖ self) + reverse · KL(self ‖ q), and its gradient with respect to this row's logits:
    /// (1 − reverse) · (p − q) + reverse · p · (log p − log q − KL(p ‖ q)).
    fileprivate func kullbackLeibler(to q: SoftRow, reverse: Double) -> (loss: Double, gradient: [Double]) {
        var (forward, backward) = (0.0, 0.0)
        for k in probabilities.indices {
            let difference = q.logarithms[k] - logarithms[k]
            forward += q.probabilities[k] * difference
            backward -= probabilities[k] * difference
        }
        let gradient = probabilities.indices.map { k in
            (1 - reverse) * (probabilities[k] - q.probabilities[k])
                + reverse * probabilities[k] * (logarithms[k] - q.logarithms[k] - backward)
        }
        return ((1 - reverse) * forward + reverse * backward, gradient)
    }
}

import Foundation
import TensorCore

/// ``ResponseLoss/jensenShannon``.
struct JensenShannon: RowDivergence {
    func divergence(_ own: SoftRow, from teacher: SoftRow, label: Int?) -> (loss: Double, gradient: [Double]) {
        own.jensenShannon(to: teacher)
    }

    /// But for what cancels between both halves.
    func stretch(_ own: Stretched, from teacher: Stretched, label: Int?) -> Double {
        0.5 * (own.slopeFromMiddle(with: teacher) + teacher.slopeFromMiddle(with: own))
    }
}

extension SoftRow {
    /// ½ (KL(p ‖ m) + KL(q ‖ m)) with m = ½ (p + q), and its gradient, ½ p (log (p / m) − KL(p ‖ m)).
    fileprivate func jensenShannon(to q: SoftRow) -> (loss: Double, gradient: [Double]) {
        var (own, other) = (0.0, 0.0)
        for k in probabilities.indices {
            own += probabilities[k] * logRatioToMiddle(with: q, k)
            other += q.probabilities[k] * q.logRatioToMiddle(with: self, k)
        }
        let gradient = probabilities.indices.map { 0.5 * probabilities[$0] * (logRatioToMiddle(with: q, $0) - own) }
        return (0.5 * (own + other), gradient)
    }

    /// log (p / m) of class k, with m = ½ (p + q); 0 where p is 0.
    fileprivate func logRatioToMiddle(with q: SoftRow, _ k: Int) -> Double {
        let p = probabilities[k]
        return p > 0 ? log(p / (0.5 * (p + q.probabilities[k]))) : 0
    }
}

extension Stretched {
    /// Of KL(self ‖ m) with m = ½ (p + q), but for what cancels between both halves of the Jensen–Shannon divergence.
    fileprivate func slopeFromMiddle(with other: Stretched) -> Double {
        row.probabilities.indices.reduce(0) { sum, k in
            sum + row.probabilities[k] * slopes[k] * row.logRatioToMiddle(with: other.row, k)
        }
    }
}

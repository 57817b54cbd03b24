import Foundation
import TensorCore

/// One image's class probabilities at a temperature, and their logarithms.
///
/// In Double: there are few of them, and T² times the difference of two nearly equal distributions keeps its digits. A
/// probability may come out as 0, its logarithm is always finite; so no product of the two is NaN.
struct SoftRow {
    let probabilities, logarithms: [Double]

    /// - Parameter scaled: logits / T.
    init(_ scaled: [Double]) {
        let total = Self.logSumExp(scaled)
        logarithms = scaled.map { $0 - total }
        probabilities = logarithms.map { exp($0) }
    }

    /// Every row of logits [N, K] as a distribution.
    ///
    /// - Parameter temperatures: one a row.
    static func rows(of logits: Tensor, at temperatures: [Float]) -> [SoftRow] {
        let columns = logits.shape[1]
        return logits.withSpan { span in
            (0..<logits.shape[0]).map { row in
                SoftRow((0..<columns).map { Double(span[row * columns + $0]) / Double(temperatures[row]) })
            }
        }
    }

    /// The same at one temperature.
    static func rows(of logits: Tensor, at temperature: Float) -> [SoftRow] {
        rows(of: logits, at: [Float](repeating: temperature, count: logits.shape[0]))
    }

    /// The entropy as a share of that of the uniform distribution, 0 ... 1.
    var relativeEntropy: Double {
        guard probabilities.count > 1 else { return 0 }
        let entropy = -zip(probabilities, logarithms).reduce(0) { $0 + $1.0 * $1.1 }
        return min(1, max(0, entropy / log(Double(probabilities.count))))
    }

    /// The class of the highest probability, the first of equals.
    var mostProbable: Int {
        logarithms.indices.dropFirst().reduce(0) { logarithms[$1] > logarithms[$0] ? $1 : $0 }
    }

    /// log Σ eˣ, with the largest taken out so that nothing overflows.
    private static func logSumExp(_ values: [Double]) -> Double {
        let largest = values.max() ?? 0
        return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
    }

    /// (1 − reverse) · KL(q ‖ self) + reverse · KL(self ‖ q), and its gradient with respect to this row's logits:
    /// (1 − reverse) · (p − q) + reverse · p · (log p − log q − KL(p ‖ q)).
    func kullbackLeibler(to q: SoftRow, reverse: Double) -> (loss: Double, gradient: [Double]) {
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

    /// ½ (KL(p ‖ m) + KL(q ‖ m)) with m = ½ (p + q), and its gradient, ½ p (log (p / m) − KL(p ‖ m)).
    func jensenShannon(to q: SoftRow) -> (loss: Double, gradient: [Double]) {
        var (own, other) = (0.0, 0.0)
        for k in probabilities.indices {
            own += probabilities[k] * logRatioToMiddle(with: q, k)
            other += q.probabilities[k] * q.logRatioToMiddle(with: self, k)
        }
        let gradient = probabilities.indices.map { 0.5 * probabilities[$0] * (logRatioToMiddle(with: q, $0) - own) }
        return (0.5 * (own + other), gradient)
    }

    /// log (p / m) of class k, with m = ½ (p + q); 0 where p is 0.
    func logRatioToMiddle(with q: SoftRow, _ k: Int) -> Double {
        let p = probabilities[k]
        return p > 0 ? log(p / (0.5 * (p + q.probabilities[k]))) : 0
    }

    /// target · KL of the events "class t" and "any other" + nonTarget · KL among the others, both of q from self.
    ///
    /// The event's logit is zₜ − log Σₖ≠ₜ eᶻ. So the first has the gradient p(t) − q(t) at t and shares out its negative among
    /// the others by their probabilities without t, p̂; the second has p̂ − q̂ there.
    func decoupled(
        from q: SoftRow, at t: Int, target: Double, nonTarget: Double
    ) -> (loss: Double, gradient: [Double]) {
        let (own, other) = (Event(of: self, at: t), Event(of: q, at: t))
        let event =
            other.here * (other.logHere - own.logHere) + other.elsewhere * (other.logElsewhere - own.logElsewhere)
        let slope = target * (own.here - other.here)
        var rest = 0.0
        let gradient = logarithms.indices.map { k in
            guard k != t else { return slope }
            let (logP, logQ) = (logarithms[k] - own.logElsewhere, q.logarithms[k] - other.logElsewhere)
            let (p, q) = (exp(logP), exp(logQ))
            rest += q * (logQ - logP)
            return nonTarget * (p - q) - slope * p
        }
        return (target * event + nonTarget * rest, gradient)
    }

    /// The distribution of the events "class t" and "any other".
    func event(at t: Int) -> SoftRow {
        let event = Event(of: self, at: t)
        return SoftRow([event.logHere, event.logElsewhere])
    }

    /// A class against all of the others, neither as the rest to 1, which a sure network leaves no digits of.
    private struct Event {
        let logHere, logElsewhere: Double
        var here: Double { exp(logHere) }
        var elsewhere: Double { exp(logElsewhere) }

        init(of row: SoftRow, at t: Int) {
            require(row.logarithms.indices.contains(t), "response loss: label \(t) of \(row.logarithms.count) classes")
            logHere = row.logarithms[t]
            logElsewhere = SoftRow.logSumExp(row.logarithms.enumerated().filter { $0.offset != t }.map(\.element))
        }
    }
}

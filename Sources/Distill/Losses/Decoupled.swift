import Foundation
import TensorCore

/// ``ResponseLoss/decoupled(target:nonTarget:)``.
struct Decoupled: RowDivergence {
    let target, nonTarget: Float

    func check() throws {
        try check("target", target)
        try check("nonTarget", nonTarget)
    }

    func divergence(_ own: SoftRow, from teacher: SoftRow, label: Int?) -> (loss: Double, gradient: [Double]) {
        let classes = own.probabilities.count
        require(classes > 1, "response loss: decoupled needs 2 classes or more, logits have \(classes)")
        return own.decoupled(
            from: teacher, at: label ?? teacher.mostProbable, target: Double(target), nonTarget: Double(nonTarget))
    }

    func stretch(_ own: Stretched, from teacher: Stretched, label: Int?) -> Double {
        let t = label ?? teacher.row.mostProbable
        let (own, other) = (own.split(at: t), teacher.split(at: t))
        return Double(target) * other.event.divergenceSlope(from: own.event)
            + Double(nonTarget) * other.rest.divergenceSlope(from: own.rest)
    }
}

extension SoftRow {
    /// target · KL of the events "class t" and "any other" + nonTarget · KL among the others, both of q from self.
    ///
    /// The event's logit is zₜ − log Σₖ≠ₜ eᶻ. So the first has the gradient p(t) − q(t) at t and shares out its
    /// negative among the others by their probabilities without t, p̂; the second has p̂ − q̂ there.
    fileprivate func decoupled(
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
    fileprivate func event(at t: Int) -> SoftRow {
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

extension Stretched {
    /// The event "class t or another", and the distribution among the others.
    fileprivate func split(at t: Int) -> (event: Stretched, rest: Stretched) {
        let others = row.logarithms.indices.filter { $0 != t }
        let rest = SoftRow(others.map { row.logarithms[$0] })
        let elsewhere = zip(rest.probabilities, others).reduce(0) { $0 + $1.0 * slopes[$1.1] }
        return (Stretched(row.event(at: t), [slopes[t], elsewhere]), Stretched(rest))
    }
}

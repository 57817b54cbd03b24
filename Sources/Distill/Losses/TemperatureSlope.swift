import TensorCore

extension ResponseLoss {
    /// How each image's loss changes with ln T: T · ∂loss/∂T.
    ///
    /// A loss T² f(s / T, t / T) has the slope T² (2 f − r), where r is that of f along ln (1 / T). On that way log p changes by
    /// u − Σ p u, with u = s / T; so KL(q ‖ p) changes by Σ q (b (log q − log p) + b − a), where a and b are the changes of
    /// log p and log q. Where images have temperatures of their own, all of them change by the same factor.
    ///
    /// - Parameters: as ``rows(student:teacher:labels:temperatures:)``.
    /// - Returns: one number an image; 0 for a loss without temperature.
    func temperatureSlopes(
        student: Tensor, teacher: Tensor, labels: [Int?]? = nil, temperatures: [Float]
    ) -> [Double] {
        switch self {
        case .meanSquaredError: return temperatures.map { _ in 0 }
        case .standardized(let loss):
            return loss.temperatureSlopes(
                student: StandardizedRows(student).values, teacher: StandardizedRows(teacher).values, labels: labels,
                temperatures: temperatures)
        case .kullbackLeibler, .jensenShannon, .decoupled, .correlation: break
        }
        let losses = rows(student: student, teacher: teacher, labels: labels, temperatures: temperatures).losses.scalars
        let p = SoftRow.rows(of: student, at: temperatures).map(Stretched.init)
        let q = SoftRow.rows(of: teacher, at: temperatures).map(Stretched.init)
        let stretches: [Double] =
            switch self {
            case .kullbackLeibler(let reverse):
                p.indices.map { row in
                    let (forward, backward) = (
                        q[row].divergenceSlope(from: p[row]), p[row].divergenceSlope(from: q[row])
                    )
                    return (1 - Double(reverse)) * forward + Double(reverse) * backward
                }
            case .jensenShannon:
                p.indices.map { row in
                    0.5 * (p[row].slopeFromMiddle(with: q[row]) + q[row].slopeFromMiddle(with: p[row]))
                }
            case .decoupled(let target, let nonTarget):
                p.indices.map { row in
                    let t = labels?[row] ?? q[row].row.mostProbable
                    let (own, other) = (p[row].split(at: t), q[row].split(at: t))
                    return Double(target) * other.event.divergenceSlope(from: own.event)
                        + Double(nonTarget) * other.rest.divergenceSlope(from: own.rest)
                }
            case .correlation(let inter, let intra):
                Stretched.correlationSlopes(p, q, inter: Double(inter), intra: Double(intra))
            case .meanSquaredError, .standardized: []  // returned above
            }
        return losses.indices.map { row in
            let temperature = Double(temperatures[row])
            return 2 * Double(losses[row]) - temperature * temperature * stretches[row]
        }
    }
}

/// A distribution, and how the logarithms of its probabilities change with ln (1 / T).
private struct Stretched {
    let row: SoftRow
    let slopes: [Double]

    /// Of log p that is u − a constant: u − Σ p u, where the constant drops out.
    init(_ row: SoftRow) {
        let mean = zip(row.probabilities, row.logarithms).reduce(0) { $0 + $1.0 * $1.1 }
        self.init(row, row.logarithms.map { $0 - mean })
    }

    private init(_ row: SoftRow, _ slopes: [Double]) {
        self.row = row
        self.slopes = slopes
    }

    /// Of KL(self ‖ other).
    func divergenceSlope(from other: Stretched) -> Double {
        row.probabilities.indices.reduce(0) { sum, k in
            let difference = row.logarithms[k] - other.row.logarithms[k]
            return sum + row.probabilities[k] * (slopes[k] * difference + slopes[k] - other.slopes[k])
        }
    }

    /// Of KL(self ‖ m) with m = ½ (p + q), but for what cancels between both halves of the Jensen–Shannon divergence.
    func slopeFromMiddle(with other: Stretched) -> Double {
        row.probabilities.indices.reduce(0) { sum, k in
            sum + row.probabilities[k] * slopes[k] * row.logRatioToMiddle(with: other.row, k)
        }
    }

    /// The event "class t or another", and the distribution among the others.
    func split(at t: Int) -> (event: Stretched, rest: Stretched) {
        let others = row.logarithms.indices.filter { $0 != t }
        let rest = SoftRow(others.map { row.logarithms[$0] })
        let elsewhere = zip(rest.probabilities, others).reduce(0) { $0 + $1.0 * slopes[$1.1] }
        return (Stretched(row.event(at: t), [slopes[t], elsewhere]), Stretched(rest))
    }

    /// Of DIST, image by image, each with the whole second term.
    static func correlationSlopes(_ p: [Stretched], _ q: [Stretched], inter: Double, intra: Double) -> [Double] {
        func slope(_ a: [Double], _ da: [Double], _ b: [Double], _ db: [Double]) -> Double {
            let (toA, toB) = (decorrelation(a, b).gradient, decorrelation(b, a).gradient)
            return a.indices.reduce(0) { $0 + toA[$1] * da[$1] + toB[$1] * db[$1] }
        }
        func changes(_ rows: [Stretched]) -> [[Double]] {
            rows.map { zip($0.row.probabilities, $0.slopes).map { $0 * $1 } }
        }
        let (a, b) = (p.map(\.row.probabilities), q.map(\.row.probabilities))
        let (da, db) = (changes(p), changes(q))
        var whole = 0.0
        if p.count > 1 {
            for k in a[0].indices {
                whole += slope(a.map { $0[k] }, da.map { $0[k] }, b.map { $0[k] }, db.map { $0[k] })
            }
            whole *= intra / Double(a[0].count)
        }
        return a.indices.map { inter * slope(a[$0], da[$0], b[$0], db[$0]) + whole }
    }
}

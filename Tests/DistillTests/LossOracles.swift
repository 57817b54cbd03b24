import Foundation
import TensorCore
import TestSupport

@testable import Distill

/// The response losses as their papers define them, in Double, on probabilities and their logarithms.
enum LossOracle {
    typealias Row = [Double]

    static func logSoftmax(_ row: Row, _ temperature: Double) -> Row {
        let scaled = row.map { $0 / temperature }
        let largest = scaled.max() ?? 0
        let total = largest + log(scaled.reduce(0) { $0 + exp($1 - largest) })
        return scaled.map { $0 - total }
    }

    static func softmax(_ row: Row, _ temperature: Double) -> Row { logSoftmax(row, temperature).map { exp($0) } }

    /// KL(a ‖ b) of two distributions given by their logarithms.
    static func divergence(_ a: Row, _ b: Row) -> Double { zip(a, b).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) } }

    /// The mean over the batch.
    static func value(
        _ loss: ResponseLoss, _ student: [Row], _ teacher: [Row], _ labels: [Int?]?, _ temperature: Double
    ) -> Double {
        value(loss, student, teacher, labels, [Double](repeating: temperature, count: student.count))
    }

    /// The mean over the batch, in which each image has a temperature.
    static func value(
        _ loss: ResponseLoss, _ student: [Row], _ teacher: [Row], _ labels: [Int?]?, _ temperatures: [Double]
    ) -> Double {
        let p = zip(student, temperatures).map { logSoftmax($0, $1) }
        let q = zip(teacher, temperatures).map { logSoftmax($0, $1) }
        func plainMean(_ body: (Int) -> Double) -> Double { p.indices.reduce(0) { $0 + body($1) } / Double(p.count) }
        func mean(_ body: (Int) -> Double) -> Double {
            plainMean { temperatures[$0] * temperatures[$0] * body($0) }
        }
        switch loss {
        case .kullbackLeibler(let reverse):
            return mean {
                (1 - Double(reverse)) * divergence(q[$0], p[$0]) + Double(reverse) * divergence(p[$0], q[$0])
            }
        case .jensenShannon:
            return mean { row in
                let middle = zip(p[row], q[row]).map { log(0.5 * exp($0) + 0.5 * exp($1)) }
                return 0.5 * (divergence(p[row], middle) + divergence(q[row], middle))
            }
        case .meanSquaredError:
            return plainMean { row in
                zip(student[row], teacher[row]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                    / Double(2 * p[row].count)
            }
        case .decoupled(let target, let nonTarget):
            return mean { row in
                let t = labels?[row] ?? teacher[row].indices.max { teacher[row][$0] < teacher[row][$1] } ?? 0
                func split(_ logits: Row) -> (event: Row, others: Row) {
                    var others = logits
                    others.remove(at: t)
                    let all = logSoftmax(logits, temperatures[row])
                    let rest = all.enumerated().filter { $0.offset != t }.reduce(0) { $0 + exp($1.element) }
                    return ([all[t], log(rest)], logSoftmax(others, temperatures[row]))
                }
                let (own, other) = (split(student[row]), split(teacher[row]))
                return Double(target) * divergence(other.event, own.event)
                    + Double(nonTarget) * divergence(other.others, own.others)
            }
        case .correlation(let inter, let intra):
            func columns(_ rows: [Row]) -> [Row] { rows[0].indices.map { k in rows.map { $0[k] } } }
            func unlike(_ a: [Row], _ b: [Row]) -> Double {
                zip(a, b).reduce(0) { $0 + distance($1.0, $1.1) } / Double(a.count)
            }
            let (own, other) = (p.map { $0.map { exp($0) } }, q.map { $0.map { exp($0) } })
            let second = own.count > 1 ? unlike(columns(own), columns(other)) : 0
            return mean { Double(inter) * distance(own[$0], other[$0]) + Double(intra) * second }
        case .standardized(let loss):
            func scores(_ row: Row) -> Row {
                let mean = row.reduce(0, +) / Double(row.count)
                let variance = row.reduce(0) { $0 + $1 * $1 } / Double(row.count) - mean * mean
                return row.map { ($0 - mean) / (variance + 1e-5).squareRoot() }
            }
            return value(loss, student.map(scores), teacher.map(scores), labels, temperatures)
        }
    }

    /// 1 − Pearson's r; with norms below 10⁻³ set to that, ½ (|a|² + |b|²) − a · b of what the division leaves.
    private static func distance(_ a: Row, _ b: Row) -> Double {
        func centred(_ row: Row) -> Row { row.map { $0 - row.reduce(0, +) / Double(row.count) } }
        func dot(_ a: Row, _ b: Row) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        let (a, b) = (centred(a), centred(b))
        let (left, right) = (dot(a, a).squareRoot(), dot(b, b).squareRoot())
        let (s, t) = (max(left, 1e-3), max(right, 1e-3))
        return 0.5 * (left * left / (s * s) + right * right / (t * t)) - dot(a, b) / (s * t)
    }
}

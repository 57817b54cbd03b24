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
    static func logSumExp(_ values: [Double]) -> Double {
        let largest = values.max() ?? 0
        return largest + log(values.reduce(0) { $0 + exp($1 - largest) })
    }
}

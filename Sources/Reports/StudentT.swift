import Foundation

/// Student's t distribution for whole degrees of freedom.
public enum StudentT {
    /// The value of t that |T| stays below with a given probability.
    ///
    /// - Parameters:
    ///   - probability: 0 ..< 1; 0.95 gives what tables have under 0.975.
    ///   - freedom: degrees of freedom, 1 or more.
    public static func quantile(_ probability: Double = 0.95, freedom: Int) -> Double {
        var (low, high) = (0.0, 1.0)
        while within(high, freedom: freedom) < probability { high *= 2 }
        for _ in 0..<100 {
            let middle = 0.5 * (low + high)
            if within(middle, freedom: freedom) < probability { low = middle } else { high = middle }
        }
        return 0.5 * (low + high)
    }

    /// P(|T| < t), by the finite series of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and
    /// 26.7.4.
    public static func within(_ t: Double, freedom: Int) -> Double {
        let angle = atan(t / Double(freedom).squareRoot())
        let (sine, cosine) = (sin(angle), cos(angle))
        // 1 + ½ cos² + ½ · ¾ cos⁴ … for even degrees, cos + ⅔ cos³ + ⅔ · ⅘ cos⁵ … for odd ones.
        let isOdd = freedom % 2 == 1
        var term = isOdd ? cosine : 1
        var sum = freedom > 1 ? term : 0
        for k in stride(from: isOdd ? 2 : 1, to: freedom - 2, by: 2) {
            term *= cosine * cosine * Double(k) / Double(k + 1)
            sum += term
        }
        return isOdd ? 2 / Double.pi * (angle + sine * sum) : sine * sum
    }
}

import Foundation
import TensorCore

/// Signal to noise in decibels: 10 log₁₀ (Σ reference² / Σ difference²).
public func signalToNoise(_ value: Tensor, _ reference: Tensor) -> Float {
    let difference = value - reference
    let ratio = (reference * reference).sum() / max((difference * difference).sum(), .leastNormalMagnitude)
    return 10 * log10(ratio)
}

/// The share of rows whose largest element is at the same place.
public func agreement(_ a: Tensor, _ b: Tensor) -> Double {
    let pairs = zip(a.argmax(), b.argmax())
    return Double(pairs.count { $0 == $1 }) / Double(a.shape[0])
}

/// The largest difference of two tensors of one shape, relative to the largest magnitude of the second; infinite where
/// one is NaN.
public func relativeDifference(_ value: Tensor, _ reference: Tensor) -> Float {
    let scale = max(reference.scalars.map(abs).max() ?? 0, 1e-9)
    return (value - reference).scalars.reduce(0) { max($0, $1.isNaN ? .infinity : abs($1)) } / scale
}

/// The largest difference of numbers from as many golden ones, relative to the largest magnitude of those; infinite
/// where one is NaN or the counts differ.
public func relativeDistance(_ found: some Collection<Double>, _ golden: some Collection<Double>) -> Double {
    guard found.count == golden.count else { return .infinity }
    let largest = golden.map(abs).max() ?? 0
    let differences = zip(found, golden).map { abs($0 - $1) }
    return differences.reduce(0) { max($0, $1.isNaN ? .infinity : $1) } / max(largest, 1e-30)
}

import Datasets
import Foundation

/// A change to single values in 0 ... 1; the result is cut to that range.
enum Tone: Equatable {
    /// value · gain + offset
    case linear(gain: Float, offset: Float)
    /// value ^ exponent
    case power(Float)

    func callAsFunction(_ value: Float) -> Float {
        switch self {
        case .linear(let gain, let offset): min(max(value * gain + offset, 0), 1)
        case .power(let exponent): pow(value, exponent)
        }
    }
}

extension [Tone] {
    /// What becomes of each byte, in 0 ... 1, by all tones one after another without rounding in between: 256 values.
    var curve: [Float] { (0..<256).map { byte in reduce(Float(byte) / 255) { $1($0) } } }

    /// The curve as bytes, once for each channel.
    func bytes(channels: Int) -> [UInt8] {
        let curve = curve.map { UInt8($0 * 255 + 0.5) }
        return (0..<channels).flatMap { _ in curve }
    }

    /// The curve, normalised: `channel * 256 + byte`, as `Normalization.table`.
    func table(_ normalization: Normalization) -> [Float] {
        let curve = curve
        return normalization.mean.indices.flatMap { channel in
            curve.map { ($0 - normalization.mean[channel]) / normalization.deviation[channel] }
        }
    }
}

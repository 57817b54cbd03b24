import Datasets
import Foundation

/// A change to single values in 0 ... 1; the result is cut to that range.
enum Tone: Equatable {
    /// value · gain + offset
    case linear(gain: Float, offset: Float)
    /// value ^ exponent
    case power(Float)
    /// 1 − value where it is above the threshold
    case solarise(threshold: Float)
    /// The nearest byte with all but its highest bits cleared
    case posterise(bits: Int)
    /// value + 3 · (1 − value) · value · ((1 − value) · low + value · high)
    case curve(low: Float, high: Float)

    func callAsFunction(_ value: Float) -> Float {
        switch self {
        case .linear(let gain, let offset): min(max(value * gain + offset, 0), 1)
        case .power(let exponent): pow(value, exponent)
        case .solarise(let threshold): value > threshold ? 1 - value : value
        case .posterise(let bits): Float(UInt8(value * 255 + 0.5) & (0xFF << UInt8(8 - bits))) / 255
        case .curve(let low, let high):
            min(max(value + 3 * (1 - value) * value * ((1 - value) * low + value * high), 0), 1)
        }
    }
}

extension [Tone] {
    /// What becomes of each byte, in 0 ... 1, by all tones one after another without rounding in between: 256 values.
    var curve: [Float] { (0..<256).map { byte in reduce(Float(byte) / 255) { $1($0) } } }

    /// The curve as bytes, once for each channel; the fourth of four has the identity.
    func bytes(channels: Int) -> [UInt8] {
        let curve = curve.map { UInt8($0 * 255 + 0.5) }
        return (0..<channels).flatMap { $0 == 3 && channels == 4 ? [UInt8](0...255) : curve }
    }

    /// The curve, normalised: `channel * 256 + byte`, as `Normalization.table`; the fourth of four channels has the identity.
    func table(_ normalization: Normalization) -> [Float] {
        let curve = curve
        let identity = [Tone]().curve
        return normalization.mean.indices.flatMap { channel in
            (channel == 3 && normalization.mean.count == 4 ? identity : curve).map {
                ($0 - normalization.mean[channel]) / normalization.deviation[channel]
            }
        }
    }
}

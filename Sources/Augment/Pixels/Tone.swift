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
    /// What a caller's function says
    case function(ToneFunction)

    func callAsFunction(_ value: Float) -> Float {
        switch self {
        case .linear(let gain, let offset): min(max(value * gain + offset, 0), 1)
        case .power(let exponent): pow(value, exponent)
        case .solarise(let threshold): value > threshold ? 1 - value : value
        case .posterise(let bits): Float(UInt8(value * 255 + 0.5) & (0xFF << UInt8(8 - bits))) / 255
        case .curve(let low, let high):
            min(max(value + 3 * (1 - value) * value * ((1 - value) * low + value * high), 0), 1)
        case .function(let function): function(value)
        }
    }
}

/// A caller's change to single values in 0 ... 1. Two are equal only if they are the same.
final class ToneFunction: Sendable, Equatable {
    private let change: @Sendable (Float) -> Float

    init(_ change: @escaping @Sendable (Float) -> Float) { self.change = change }

    /// Cut to 0 ... 1; what is not a number becomes 0.
    func callAsFunction(_ value: Float) -> Float {
        let changed = change(value)
        return changed > 0 ? min(changed, 1) : 0
    }

    static func == (left: ToneFunction, right: ToneFunction) -> Bool { left === right }
}

extension Tone {
    /// Changes all values of a curve. The commonest tone is spelt out, so that it becomes vector instructions.
    fileprivate func apply(to values: UnsafeMutableBufferPointer<Float>) {
        if case .linear(let gain, let offset) = self {
            for index in values.indices { values[index] = Swift.min(Swift.max(values[index] * gain + offset, 0), 1) }
        } else {
            for index in values.indices { values[index] = self(values[index]) }
        }
    }
}

extension [Tone] {
    /// What becomes of each byte, in 0 ... 1, by all tones one after another without rounding in between: 256 values.
    var curve: [Float] { withCurve { [Float]($0) } }

    /// The same for the time of a call, without an allocation.
    private func withCurve<R>(_ body: (UnsafeMutableBufferPointer<Float>) -> R) -> R {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { values in
            for byte in 0..<256 { values[byte] = Float(byte) / 255 }
            for tone in self { tone.apply(to: values) }
            return body(values)
        }
    }

    /// The curve as bytes, once for each channel; the fourth of four has the identity.
    func withBytes<R>(channels: Int, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        withCurve { values in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256 * channels) { bytes in
                for channel in 0..<channels {
                    let first = 256 * channel
                    if channel == 3 && channels == 4 {
                        for byte in 0..<256 { bytes[first + byte] = UInt8(byte) }
                    } else {
                        for byte in 0..<256 { bytes[first + byte] = UInt8(Int32(values[byte] * 255 + 0.5)) }
                    }
                }
                return body(UnsafeBufferPointer(bytes))
            }
        }
    }

    /// Writes the curve, normalised: `channel * 256 + byte`, as `Normalization.table`; the fourth of four channels has
    /// the identity.
    func writeTable(_ normalization: Normalization, into table: UnsafeMutablePointer<Float>) {
        let channels = normalization.mean.count
        withCurve { values in
            for channel in 0..<channels {
                let (mean, deviation) = (normalization.mean[channel], normalization.deviation[channel])
                let isOpacity = channel == 3 && channels == 4
                for byte in 0..<256 {
                    let value = isOpacity ? Float(byte) / 255 : values[byte]
                    table[256 * channel + byte] = (value - mean) / deviation
                }
            }
        }
    }
}

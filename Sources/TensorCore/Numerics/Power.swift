import Foundation

extension Tensor {
    /// The first to the power of the second, broadcast; NaN for a negative base unless the exponent is whole.
    public static func power(_ base: Tensor, _ exponent: Tensor) -> Tensor {
        combining("power", base, exponent) { powf($0, $1) }
    }

    /// The derivative of ``power(_:_:)`` with respect to the base: exponent · base^(exponent − 1), 0 for an exponent of
    /// 0.
    public static func powerSlopeOfBase(_ base: Tensor, _ exponent: Tensor) -> Tensor {
        combining("powerSlopeOfBase", base, exponent) { $1 == 0 ? 0 : $1 * powf($0, $1 - 1) }
    }

    /// The derivative of ``power(_:_:)`` with respect to the exponent: base^exponent · ln base, 0 for a base of 0.
    public static func powerSlopeOfExponent(_ base: Tensor, _ exponent: Tensor) -> Tensor {
        combining("powerSlopeOfExponent", base, exponent) { $0 == 0 ? 0 : powf($0, $1) * logf($0) }
    }

    /// A function of two elements, broadcast.
    private static func combining(
        _ name: String, _ left: Tensor, _ right: Tensor, _ function: @escaping @Sendable (Float, Float) -> Float
    ) -> Tensor {
        broadcasting(name, left, right) { a, b, out, count in
            guard let a, let b, let out else { return }
            for index in 0..<count { out[index] = function(a[index], b[index]) }
        }
    }
}

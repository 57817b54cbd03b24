import CImageKernels
import TensorCore

/// A change to colours (r, g, b) in 0 ... 1, the same at every pixel: each new one is a row times (r, g, b, 1).
public struct ColorMatrix: Sendable, Hashable {
    /// The weights of (r, g, b, 1) in the new red, green and blue.
    public internal(set) var red, green, blue: SIMD4<Double>

    /// The magnitudes of a row sum to less than this, so that the kernel's whole numbers do not overflow.
    private static let limit = 100.0

    /// The matrix that changes nothing.
    init() { (red, green, blue) = ([1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]) }

    /// Creates a matrix from its rows.
    ///
    /// - Parameters:
    ///   - red: the weights of (r, g, b, 1) in the new red, whose magnitudes sum to less than 100.
    ///   - green: likewise in the new green.
    ///   - blue: likewise in the new blue.
    public init(red: SIMD4<Double>, green: SIMD4<Double>, blue: SIMD4<Double>) {
        (self.red, self.green, self.blue) = (red, green, blue)
        require(
            isSmall, "ColorMatrix: rows \(red), \(green), \(blue) given, magnitudes that sum to less than 100 expected")
    }

    private var isSmall: Bool {
        [red, green, blue].allSatisfy { abs($0.x) + abs($0.y) + abs($0.z) + abs($0.w) < Self.limit }
    }
}

extension ColorMatrix {
    /// The weights of red, green and blue in luma by ITU-R BT.601.
    static let luma = SIMD3(0.299, 0.587, 0.114)

    var isIdentity: Bool { kernelForm == ColorMatrix().kernelForm }

    /// Both as one, this one first, without cutting to 0 ... 1 between them. nil if the factors get too large for the
    /// kernel's whole numbers.
    func followed(by next: ColorMatrix) -> ColorMatrix? {
        func row(_ weights: SIMD4<Double>) -> SIMD4<Double> {
            red * weights.x + green * weights.y + blue * weights.z + SIMD4(0, 0, 0, weights.w)
        }
        var both = self
        (both.red, both.green, both.blue) = (row(next.red), row(next.green), row(next.blue))
        return both.isSmall ? both : nil
    }

    /// Saturation by a factor, 0 for grey: colours move on the line through the grey of the same luma.
    static func saturation(_ factor: Double) -> ColorMatrix {
        let rest = (1 - factor) * luma
        let grey = SIMD4(rest.x, rest.y, rest.z, 0)
        return ColorMatrix(
            red: grey + SIMD4(factor, 0, 0, 0), green: grey + SIMD4(0, factor, 0, 0),
            blue: grey + SIMD4(0, 0, factor, 0))
    }

    /// What the kernel takes: units of 2⁻¹⁶, offsets in bytes.
    var kernelForm: [Int32] {
        [red, green, blue].flatMap { row in
            [row.x, row.y, row.z, row.w * 255].map { Int32(($0 * 65536).rounded()) }
        }
    }
}

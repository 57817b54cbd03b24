import CImageKernels

/// A change to colours (r, g, b) in 0 ... 1, the same at every pixel: each new one is a row times (r, g, b, 1).
struct ColorMatrix: Equatable {
    var red = SIMD4<Double>(1, 0, 0, 0)
    var green = SIMD4<Double>(0, 1, 0, 0)
    var blue = SIMD4<Double>(0, 0, 1, 0)

    /// The weights of red, green and blue in luma by ITU-R BT.601.
    static let luma = SIMD3(0.299, 0.587, 0.114)

    var isIdentity: Bool { kernelForm == ColorMatrix().kernelForm }

    /// Both as one, this one first, without cutting to 0 ... 1 between them. nil if the factors get too large for the
    /// kernel's whole numbers.
    func followed(by next: ColorMatrix) -> ColorMatrix? {
        func row(_ weights: SIMD4<Double>) -> SIMD4<Double> {
            red * weights.x + green * weights.y + blue * weights.z + SIMD4(0, 0, 0, weights.w)
        }
        let both = ColorMatrix(red: row(next.red), green: row(next.green), blue: row(next.blue))
        let isSmall = [both.red, both.green, both.blue].allSatisfy { row in
            abs(row.x) + abs(row.y) + abs(row.z) + abs(row.w) < 100
        }
        return isSmall ? both : nil
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

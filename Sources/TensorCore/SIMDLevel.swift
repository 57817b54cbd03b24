import CKernels

/// The instruction sets that the kernels are written for, lowest first.
///
/// The highest that the processor has is used, unless `RETORT_SIMD` (`scalar`, `neon`, `avx2`, `avx512`, `avx512vnni`)
/// lowers it. Another name lowers nothing and is reported on standard error, once.
public enum SIMDLevel: Int, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    /// Plain C.
    case scalar = 0
    /// Arm's 128-bit vectors.
    case neon = 1
    /// AVX2 with FMA.
    case avx2 = 2
    /// AVX-512 F, BW, DQ and VL.
    case avx512 = 3
    /// The same with VNNI's 8-bit dot products.
    case avx512vnni = 4

    /// What this processor offers.
    public static var detected: SIMDLevel { SIMDLevel(rk_simd_detected()) }

    /// What the kernels use.
    public static var active: SIMDLevel { SIMDLevel(rk_simd_active()) }

    /// The levels that can run here, lowest first.
    public static var available: [SIMDLevel] {
        allCases.filter { $0 <= detected && ($0 == .neon) == (detected == .neon && $0 != .scalar) }
    }

    /// Makes the kernels use at most this level from now on, in the whole process: for tests that walk all levels.
    public static func limit(to level: SIMDLevel) { rk_simd_limit(rk_simd_level(UInt32(level.rawValue))) }

    private init(_ level: rk_simd_level) { self = SIMDLevel(rawValue: Int(level.rawValue)) ?? .scalar }

    public static func < (left: SIMDLevel, right: SIMDLevel) -> Bool { left.rawValue < right.rawValue }

    public var description: String {
        switch self {
        case .scalar: "scalar"
        case .neon: "NEON"
        case .avx2: "AVX2"
        case .avx512: "AVX-512"
        case .avx512vnni: "AVX-512 VNNI"
        }
    }
}

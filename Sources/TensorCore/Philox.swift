/// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
///
/// A stream is named by (seed, epoch, sample, operation); its n-th draw is a pure function of those and n. So the same
/// seed gives the same numbers for any number of threads, any batch size, any order of samples and after a resume.
public struct Philox: RandomNumberGenerator, Sendable {
    private let key: SIMD2<UInt32>
    private var counter: SIMD4<UInt32>
    private var block = SIMD4<UInt32>()
    private var used = 4

    /// Starts the stream of one sample and operation.
    ///
    /// - Parameters:
    ///   - seed: the run's seed.
    ///   - epoch: the pass over the data, so that every epoch sees other draws.
    ///   - sample: the sample's id, not its place in a batch.
    ///   - operation: what the numbers are for; see ``RandomPurpose``.
    public init(seed: UInt64, epoch: Int = 0, sample: Int = 0, operation: Int = 0) {
        key = [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)]
        counter = [
            0, UInt32(truncatingIfNeeded: operation), UInt32(truncatingIfNeeded: sample),
            UInt32(truncatingIfNeeded: epoch),
        ]
    }

    /// The ten-round bijection itself, for tests against the published vectors and for kernels that vectorise it.
    public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        // Scalars and not vectors: as fast optimised, and several times as fast in debug builds, where tests draw
        // weights.
        var (c0, c1, c2, c3) = (counter[0], counter[1], counter[2], counter[3])
        var (k0, k1) = (key[0], key[1])
        for _ in 0..<10 {
            let (p0, p1) = (UInt64(c0) &* 0xD251_1F53, UInt64(c2) &* 0xCD9E_8D57)
            c0 = UInt32(truncatingIfNeeded: p1 &>> 32) ^ c1 ^ k0
            c1 = UInt32(truncatingIfNeeded: p1)
            c2 = UInt32(truncatingIfNeeded: p0 &>> 32) ^ c3 ^ k1
            c3 = UInt32(truncatingIfNeeded: p0)
            k0 &+= 0x9E37_79B9
            k1 &+= 0xBB67_AE85
        }
        return [c0, c1, c2, c3]
    }

    /// The next 32 random bits.
    public mutating func nextWord() -> UInt32 {
        if used == 4 {
            block = Philox.block(counter: counter, key: key)
            counter.x &+= 1
            used = 0
        }
        defer { used += 1 }
        return block[used]
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        let low = UInt64(nextWord())
        return low | UInt64(nextWord()) << 32
    }

    /// A number in [0, 1), one of 2²⁴ equally likely ones.
    public mutating func uniform() -> Float { Float(nextWord() >> 8) * 0x1p-24 }

    /// A number in [lower, upper], equal to the bound when both are the same.
    public mutating func uniform(in range: ClosedRange<Float>) -> Float {
        range.lowerBound + (range.upperBound - range.lowerBound) * uniform()
    }

    /// An integer in 0 ..< bound without modulo bias worth naming: the bias is below bound / 2³².
    ///
    /// - Parameter bound: 1 ... 2³².
    public mutating func index(below bound: Int) -> Int {
        require(bound > 0 && bound <= 1 << 32, "Philox.index: bound \(bound) given, 1 ... 2³² expected")
        return Int((UInt64(nextWord()) * UInt64(bound)) >> 32)
    }
}

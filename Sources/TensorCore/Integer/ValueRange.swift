import CKernels

/// The least and greatest element of everything shown to it, and 0.
public struct ValueRange: Sendable {
    /// The least element, at most 0.
    public private(set) var least: Float = 0
    /// The greatest element, at least 0.
    public private(set) var greatest: Float = 0
    /// Whether all were finite.
    public private(set) var isFinite = true

    /// Creates the range of nothing.
    public init() {}

    /// Takes a tensor in.
    public mutating func widen(by tensor: Tensor) {
        if rk_widen_range(tensor.pointer, tensor.count, &least, &greatest) == 0 { isFinite = false }
    }
}

/// How often elements fall where, in memory that does not grow: 2¹³ bins over −2ᵉ ..< 2ᵉ; when an element lies outside,
/// e grows and neighbouring bins are joined.
public struct Histogram: Sendable {
    private static let bins = 1 << 13
    private var exponent = -60
    private var counts = [UInt64](repeating: 0, count: Histogram.bins)
    private var range = ValueRange()

    /// Creates an empty histogram.
    public init() {}

    /// Takes a tensor in, whose elements are finite.
    public mutating func add(_ tensor: Tensor) {
        range.widen(by: tensor)
        require(range.isFinite, "Histogram: NaN or infinity in a tensor of shape \(tensor.shape)")
        let size = max(-range.least, range.greatest)
        while exponent < 127 && size >= Float(sign: .plus, exponent: exponent, significand: 1) { grow() }
        rk_histogram(
            tensor.pointer, tensor.count, -Float(sign: .plus, exponent: exponent, significand: 1), 1 / binWidth,
            &counts,
            Self.bins)
    }

    /// A bin that holds something.
    public struct Bin: Hashable, Sendable {
        /// The middle of its values' range.
        public let middle: Float
        /// How many elements fell into it.
        public let count: UInt64

        /// Creates a bin.
        public init(middle: Float, count: UInt64) {
            self.middle = middle
            self.count = count
        }
    }

    /// The width of a bin.
    public var binWidth: Float { Float(sign: .plus, exponent: exponent + 1, significand: 1) / Float(Self.bins) }

    /// The bins that hold something, from the least values on.
    public var filledBins: [Bin] {
        counts.indices.filter { counts[$0] > 0 }.map {
            Bin(middle: (Float($0 - Self.bins / 2) + 0.5) * binWidth, count: counts[$0])
        }
    }

    private mutating func grow() {
        exponent += 1
        guard counts.contains(where: { $0 > 0 }) else { return }
        let half = Self.bins / 2
        counts = (0..<Self.bins).map { bin in
            // Bins of the new range's outer quarters were outside the old one.
            let first = 2 * bin - half
            return first >= 0 && first + 1 < Self.bins ? counts[first] + counts[first + 1] : 0
        }
    }

    /// The range that is left when a share of the elements is cut off at each end, to a bin's width.
    ///
    /// - Parameter share: 0 ..< 0.5.
    public func range(cutting share: Double) -> ClosedRange<Float> {
        require(share >= 0 && share < 0.5, "Histogram.range: share \(share), 0 ..< 0.5 expected")
        let total = counts.reduce(0, +)
        guard total > 0 else { return 0...0 }
        let spare = UInt64(share * Double(total))
        func place(_ bins: some Sequence<Int>) -> Int {
            var seen: UInt64 = 0
            return bins.first { bin in
                seen += counts[bin]
                return seen > spare
            } ?? 0
        }
        let low = Float(place(0..<Self.bins) - Self.bins / 2) * binWidth
        let high = Float(place((0..<Self.bins).reversed()) + 1 - Self.bins / 2) * binWidth
        let least = min(max(low, range.least), 0)
        let greatest = max(min(high, range.greatest), 0)
        return least...greatest
    }
}

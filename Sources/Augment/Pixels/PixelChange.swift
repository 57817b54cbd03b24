import TensorCore

/// What a drawn operation does to the pixels of one image: one of the few things that all operations come down to.
///
/// What moves pixels is ``warp(_:)`` or ``displacement(border:_:)``, so that boxes, points and label maps go along; all
/// others leave things where they are. Between changes an image is bytes, unless neighbours fuse: warps become one
/// resampling, changes of single values one table, colour matrices one matrix.
public struct PixelChange: Sendable {
    enum Content {
        /// Moves pixels by one map of the plane.
        case warp(Warp)
        /// Moves each pixel by its own vector.
        case displace(Displacement)
        /// Changes each value by itself.
        case tone(Tone)
        /// Changes the colour of each pixel by itself.
        case color(ColorMatrix)
        /// Adds numbers from a normal distribution of this deviation (of values in 0 ... 1), from the stream given.
        case noise(deviation: Double, stream: RandomStream)
        /// Fills a rectangle with a byte.
        case fill(rows: Range<Int>, columns: Range<Int>, byte: UInt8)
        /// Anything else that changes the image in place, and moves nothing.
        case filter(any PixelFilter)
        /// Keeps this share of the image, and takes the rest from the row of the batch that the word picks.
        case mix(share: Float, word: UInt32)
        /// Takes a rectangle from the row of the batch that the word picks.
        case paste(rows: Range<Int>, columns: Range<Int>, word: UInt32)
        /// Cuts out a rectangle around the boxes of the image.
        case crop(DrawnBoxCrop)
    }

    let content: Content

    /// Moves pixels by a map of the plane, by bilinear interpolation. Neighbouring warps become one resampling, unless
    /// their borders differ.
    public static func warp(_ warp: Warp) -> PixelChange { PixelChange(content: .warp(warp)) }

    /// Moves each pixel by its own vector, by bilinear interpolation.
    ///
    /// - Parameters:
    ///   - border: what is read beyond the edges.
    ///   - place: from the centre of an output pixel to the place in the image that it shows, both as (x, y) in pixels
    ///     from the upper left corner: the centre of the first pixel is (0.5, 0.5). A pure function, called on any
    ///     thread.
    public static func displacement(
        border: ImageBorder, _ place: @escaping @Sendable (_ x: Double, _ y: Double) -> (x: Double, y: Double)
    ) -> PixelChange {
        .displace(Displacement(kind: .function(place), border: border))
    }

    /// Changes each value by itself. Neighbouring changes of this kind become one table, without rounding in between.
    ///
    /// - Parameter change: from a value in 0 ... 1 to another, which is cut to that range; what is not a number becomes
    ///   0. A pure function, called on any thread. The fourth channel of four, opacity, stays as it is.
    public static func values(_ change: @escaping @Sendable (Float) -> Float) -> PixelChange {
        .tone(.function(ToneFunction(change)))
    }

    /// Changes the colour of each pixel by a matrix. Neighbouring matrices become one. Images of one or two channels
    /// and the fourth channel of four stay as they are.
    public static func color(_ matrix: ColorMatrix) -> PixelChange { PixelChange(content: .color(matrix)) }

    /// Replaces each pixel by a weighted sum of the pixels around it, in all channels alike; beyond the edges the
    /// nearest pixel counts. Weights are divided by their sum and rounded to 2⁻¹⁶.
    ///
    /// - Parameter weights: for each pixel that counts, how many rows below and columns to the right of the output
    ///   pixel it lies, and its weight. The sum is positive, the sum of magnitudes less than 100 times that, and no
    ///   pixel is farther than 1,024 rows or columns away.
    public static func convolution(_ weights: [(row: Int, column: Int, weight: Double)]) -> PixelChange {
        let (sum, size) = weights.reduce((0.0, 0.0)) { ($0.0 + $1.weight, $0.1 + abs($1.weight)) }
        require(
            sum > 0 && size.isFinite && size < 100 * sum,
            "PixelChange.convolution: weights that sum to \(sum), their magnitudes to \(size): a positive sum and less "
                + "than 100 times that expected")
        require(
            weights.allSatisfy { (-1024...1024).contains($0.row) && (-1024...1024).contains($0.column) },
            "PixelChange.convolution: a pixel farther than 1,024 rows or columns away")
        return .filter(Convolution(weights))
    }

    /// Fills a rectangle with a byte, in all channels.
    ///
    /// - Parameters:
    ///   - rows: within the image, as columns.
    ///   - byte: 0 is black, 255 white.
    public static func fill(rows: Range<Int>, columns: Range<Int>, byte: UInt8) -> PixelChange {
        PixelChange(content: .fill(rows: rows, columns: columns, byte: byte))
    }

    /// Anything else that changes an image in place, and leaves things where they are.
    ///
    /// - Parameter change: gets the bytes of the image, row by row, the channels of a pixel beside one another, and its
    ///   extent. A pure function of these and of what was drawn before, called on any thread.
    public static func filter(
        _ change: @escaping @Sendable (_ bytes: inout MutableSpan<UInt8>, _ extent: ImageExtent) -> Void
    ) -> PixelChange {
        .filter(FunctionFilter(change: change))
    }
}

extension PixelChange {
    static func displace(_ displacement: Displacement) -> PixelChange { PixelChange(content: .displace(displacement)) }

    static func tone(_ tone: Tone) -> PixelChange { PixelChange(content: .tone(tone)) }

    static func noise(deviation: Double, stream: RandomStream) -> PixelChange {
        PixelChange(content: .noise(deviation: deviation, stream: stream))
    }

    static func filter(_ filter: some PixelFilter) -> PixelChange { PixelChange(content: .filter(filter)) }

    static func mix(share: Float, word: UInt32) -> PixelChange { PixelChange(content: .mix(share: share, word: word)) }

    static func crop(_ crop: DrawnBoxCrop) -> PixelChange { PixelChange(content: .crop(crop)) }

    static func paste(rows: Range<Int>, columns: Range<Int>, word: UInt32) -> PixelChange {
        PixelChange(content: .paste(rows: rows, columns: columns, word: word))
    }
}

/// A filter that is a function.
private struct FunctionFilter: PixelFilter {
    let change: @Sendable (_ bytes: inout MutableSpan<UInt8>, _ extent: ImageExtent) -> Void

    func apply(to image: Pixels, using scratch: Scratch) {
        var bytes = MutableSpan(_unsafeStart: image.base, count: image.count)
        change(&bytes, image.extent)
    }
}

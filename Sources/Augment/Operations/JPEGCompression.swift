import CImageKernels

/// What a JPEG file of a quality leaves of an image, without writing one.
///
/// Colours go through luma and two differences (ITU-T T.871), the differences at half the resolution (4:2:0), blocks of
/// 8×8 through the discrete cosine transform, and its coefficients through the quantisation tables of ITU-T T.81, annex
/// K, scaled by the quality as in the Independent JPEG Group's library. Coding the coefficients loses nothing and is
/// left out. The transform is computed in Float32, where that library has whole numbers: a coefficient may be rounded
/// otherwise where it lies half-way. Images of one channel are luma alone; the fourth channel of four stays as it is.
public struct JPEGCompression: PixelOperation {
    public static let name = "jpegCompression"
    public static let template = JPEGCompression(quality: 100...100)

    /// The quality, which is rounded to a whole number after the draw. 100 still rounds values, to about a level.
    @Field("quality", within: 1...100, neutral: 100, required: true) public var quality: ClosedRange<Double>

    /// Creates the operation.
    public init(quality: ClosedRange<Double>) { self.quality = quality }

    public mutating func visitFields(_ visit: FieldVisitor) { visit(&_quality) }

    public func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        view.append(.filter(JPEGRoundTrip(quality: Int(stream.uniform(in: quality).rounded()))))
    }
}

/// Quantises an image in blocks.
struct JPEGRoundTrip: PixelFilter {
    let quality: Int

    func apply(to image: Pixels, using scratch: Scratch) {
        let (height, width, channels) = (image.extent.height, image.extent.width, image.extent.channels)
        let (rows, columns) = ((height + 7) & ~7, (width + 7) & ~7)
        let (smallHeight, smallWidth) = ((height + 1) / 2, (width + 1) / 2)
        let (smallRows, smallColumns) = ((smallHeight + 7) & ~7, (smallWidth + 7) & ~7)
        var parts = scratch.reserve(
            image.area, image.area, image.area, rows * columns, smallRows * smallColumns, 2 * (smallWidth + 4))
        let planes = (0..<3).map { _ in parts.take(image.area, of: UInt8.self) }
        let blocks = parts.take(rows * columns, of: UInt8.self)
        let small = parts.take(smallRows * smallColumns, of: UInt8.self)
        let between = parts.take(smallWidth + 4, of: Int16.self)
        let (luma, chroma) = (Self.steps(Self.luma, quality: quality), Self.steps(Self.chroma, quality: quality))

        /// A plane of the image's size, through blocks and back.
        func quantize(_ plane: UnsafeMutablePointer<UInt8>) {
            for row in 0..<height { (blocks + row * columns).update(from: plane + row * width, count: width) }
            rk_image_pad_blocks(blocks, height, width, columns)
            rk_image_quantize_blocks(blocks, rows, columns, luma)
            for row in 0..<height { (plane + row * width).update(from: blocks + row * columns, count: width) }
        }
        guard image.extent.hasColour else {
            for channel in 0..<channels {
                for place in 0..<image.area { planes[0][place] = image.base[place * channels + channel] }
                quantize(planes[0])
                for place in 0..<image.area { image.base[place * channels + channel] = planes[0][place] }
            }
            return
        }
        rk_image_split_colours(image.base, image.area, channels, planes[0], planes[1], planes[2])
        quantize(planes[0])
        for plane in planes[1...] {
            rk_image_halve(plane, height, width, smallColumns, small)
            rk_image_pad_blocks(small, smallHeight, smallWidth, smallColumns)
            rk_image_quantize_blocks(small, smallRows, smallColumns, chroma)
            rk_image_double(small, smallColumns, height, width, between, plane)
        }
        rk_image_join_colours(planes[0], planes[1], planes[2], image.area, channels, image.base)
    }

    /// Annex K, tables K.1 and K.2.
    static let luma: [Int] = [
        16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
        51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121,
        120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
    ]
    static let chroma: [Int] = {
        let corner = [17, 18, 24, 47, 18, 21, 26, 66, 24, 26, 56, 99, 47, 66, 99, 99]
        return (0..<64).map { $0 / 8 < 4 && $0 % 8 < 4 ? corner[$0 / 8 * 4 + $0 % 8] : 99 }
    }()

    /// A table at a quality of 1 ... 100: at 50 itself, at 100 all ones.
    static func steps(_ table: [Int], quality: Int) -> [UInt16] {
        let percent = quality < 50 ? 5000 / quality : 200 - 2 * quality
        return table.map { UInt16(min(max(($0 * percent + 50) / 100, 1), 255)) }
    }
}

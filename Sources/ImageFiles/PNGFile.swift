import CPNG
import Foundation
import TensorCore

/// PNG files, through libpng.
public enum PNGFile {
    /// Reads an image.
    ///
    /// Grey images have 1 channel, coloured ones and those with a palette 3; with any transparency there are 4. Samples
    /// of 16 bits are rounded to 8, of fewer bits where the chunk sBIT says so and the samples are no larger; those of
    /// 1, 2 and 4 bits are spread over 0 ... 255. Colours are as stored: gamma and colour profiles are not applied. A
    /// turn of the camera that a chunk eXIf speaks of is.
    ///
    /// - Throws: `FormatError` for a file that is not PNG, is damaged, or claims more pixels than it can hold;
    ///   `MachineError` where the machine cannot read it or has no memory for it.
    public static func read(_ url: URL) throws -> DecodedImage {
        try decode([UInt8](InputFile.read(url)), name: url.relativePath)
    }

    /// Writes an image, 8 bits a sample, or with a palette where 3 channels have 256 colours at most, which reads the
    /// same and is smaller; the file is replaced whole or not at all.
    ///
    /// - Throws: `FileWriteError`.
    public static func write(_ image: DecodedImage, to url: URL) throws {
        try AtomicFile.write(encoded(image, for: url.relativePath), to: url)
    }

    /// The bytes of a PNG file with the image, the same for the same image and version of libpng.
    ///
    /// - Throws: `FileWriteError` when there is no memory for it.
    public static func encoded(_ image: DecodedImage) throws -> Data { try encoded(image, for: "PNG image") }

    static func decode(_ file: [UInt8], name: String) throws -> DecodedImage {
        try PNGPicture(file, name: name).read()
    }

    private static func encoded(_ image: DecodedImage, for path: String) throws -> Data {
        var header = png_image()
        header.version = png_uint_32(PNG_IMAGE_VERSION)
        header.width = png_uint_32(image.width)
        header.height = png_uint_32(image.height)
        let (color, alpha) = (png_uint_32(PNG_FORMAT_FLAG_COLOR), png_uint_32(PNG_FORMAT_FLAG_ALPHA))
        header.format = image.channels == 1 ? 0 : image.channels == 3 ? color : color | alpha  // 8 bits a sample
        let palette = Palette(image)
        if let palette {
            header.format = color | png_uint_32(PNG_FORMAT_FLAG_COLORMAP)
            header.colormap_entries = png_uint_32(palette.colors.count / 3)
        }
        var size = retort_png_largest_size(&header)
        var file = Data(count: size)
        let status = file.withUnsafeMutableBytes { bytes in
            (palette?.places ?? image.pixels).withUnsafeBytes { pixels in
                (palette?.colors ?? []).withUnsafeBytes { colors in
                    png_image_write_to_memory(
                        &header, bytes.baseAddress, &size, 0, pixels.baseAddress, 0, colors.baseAddress)
                }
            }
        }
        guard status != 0 else {
            let message = withUnsafeBytes(of: header.message) { Array($0.bindMemory(to: CChar.self)) }
            throw FileWriteError(path: path, cause: String(fault: message))
        }
        return file.prefix(size)
    }
}

/// A PNG file whose chunks were checked.
struct PNGPicture: Picture {
    let name: String
    private let chunks: PNGChunks

    init(_ file: [UInt8], name: String) throws {
        self.name = name
        chunks = try PNGChunks(file, name: name)
    }

    var height: Int { chunks.height }
    var width: Int { chunks.width }
    var channels: Int { chunks.channels }

    var orientation: Int { chunks.orientation }

    /// The whole image, and its rows at the new width as numbers of 4 bytes; or else the copy of one that is turned.
    func workBytes(dividedBy divisor: Int) -> Int {
        if divisor > 1 { return (height * width + 4 * height * extents(dividedBy: divisor).width) * channels }
        return orientation > 1 ? height * width * channels : 0
    }

    var isDeep: Bool { chunks.bitDepth == 16 }

    func decoded(dividedBy divisor: Int) throws -> DecodedImage {
        var (pixels, bits) = try decoded(range: 65535)
        // Cameras of 12 bits say so in sBIT. The standard spreads their samples over 16 bits; where they were left as
        // they are, all in the lower 12 bits and not all of them multiples of 16, they are spread here.
        let (count, range) = (chunks.significantBits, UInt32(1) << chunks.significantBits - 1)
        if isDeep, bits & ~range == 0, bits & (1 << (16 - count) - 1) != 0 {
            (pixels, bits) = try decoded(range: range)
        }
        let (smallHeight, smallWidth) = extents(dividedBy: divisor)
        return DecodedImage(pixels: pixels, height: height, width: width, channels: channels)
            .resized(height: smallHeight, width: smallWidth).upright(from: orientation)
    }

    /// The pixels, 255 for a sample of the given value where there are 16 bits, and the bits that are set in one.
    private func decoded(range: UInt32) throws -> (pixels: [UInt8], bits: UInt32) {
        var message = [CChar](repeating: 0, count: Int(RETORT_PNG_MESSAGE_SIZE))
        var (status, bits): (Int32, UInt32) = (0, 0)
        let count = height * width * channels
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { pixels, initialized in
            status = chunks.bytes.withUnsafeBufferPointer { bytes in
                retort_png_decode(
                    bytes.baseAddress, bytes.count, pixels.baseAddress, count, range, &bits, &message)
            }
            initialized = status == 0 ? count : 0
        }
        try checkStatus(status, "PNG", message, size: chunks.bytes.count)
        return (pixels, bits)
    }
}

/// The colours of an image, and for each pixel the place of its own.
private struct Palette {
    /// Three bytes each, in the order in which they appear.
    private(set) var colors: [UInt8] = []
    private(set) var places: [UInt8] = []

    /// nil for an image of other than 3 channels or of more than 256 colours.
    init?(_ image: DecodedImage) {
        guard image.channels == 3 else { return nil }
        var known: [UInt32: UInt8] = [:]
        places.reserveCapacity(image.height * image.width)
        for start in stride(from: 0, to: image.pixels.count, by: 3) {
            let color = image.pixels[start..<start + 3]
            let key = color.reduce(0) { $0 << 8 | UInt32($1) }
            if known[key] == nil {
                known[key] = UInt8(exactly: known.count)
                colors += color
            }
            guard let place = known[key] else { return nil }
            places.append(place)
        }
    }
}

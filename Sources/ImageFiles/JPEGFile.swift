import CJPEG
import Foundation
import TensorCore

/// JPEG files, through libjpeg.
public enum JPEGFile {
    /// Reads an image, baseline or progressive: 1 channel if it is grey, else 3.
    ///
    /// A turn of the camera that Exif data speak of is applied, all eight of them; Exif data that cannot be read speak
    /// of none. CMYK images and arithmetic coding are refused.
    ///
    /// - Throws: `FormatError` for a file that is not JPEG, is damaged or truncated, or claims more pixels than it can
    ///   hold; `MachineError` where the machine cannot read it or has no memory for it.
    public static func read(_ url: URL) throws -> DecodedImage {
        try decode([UInt8](InputFile.read(url)), name: url.relativePath)
    }

    /// Writes an image of 1 or 3 channels, all of them at full resolution; the file is replaced whole or not at all.
    ///
    /// - Parameter quality: in 1 ... 100, on libjpeg's scale.
    /// - Throws: `FileWriteError`.
    public static func write(_ image: DecodedImage, to url: URL, quality: Int = 90) throws {
        require(image.channels != 4, "JPEGFile.write: 4 channels, 1 or 3 expected: JPEG has no opacity")
        require((1...100).contains(quality), "JPEGFile.write: quality \(quality), 1 ... 100 expected")
        var source = image.pixels
        var bytes: UnsafeMutablePointer<UInt8>?
        var size = 0
        var message = [CChar](repeating: 0, count: Int(JMSG_LENGTH_MAX))
        let status = source.withUnsafeMutableBufferPointer { pixels in
            var input = retort_jpeg_image(
                pixels: pixels.baseAddress, width: image.width, height: image.height, channels: image.channels)
            return retort_jpeg_encode(&input, Int32(quality), &bytes, &size, &message)
        }
        guard status == 0, let bytes else {
            throw FileWriteError(path: url.relativePath, cause: String(fault: message))
        }
        try AtomicFile.write(Data(bytesNoCopy: bytes, count: size, deallocator: .free), to: url)
    }

    static func decode(_ file: [UInt8], name: String) throws -> DecodedImage {
        try JPEGPicture(file, name: name).read()
    }
}

/// A JPEG file whose header was read.
struct JPEGPicture: Picture {
    let name: String
    private let file: [UInt8]
    private let header: retort_jpeg_header
    let orientation: Int

    init(_ file: [UInt8], name: String) throws {
        var header = retort_jpeg_header()
        (self.name, self.file, orientation) = (name, file, Orientation.ofJPEG(file))
        let (status, message) = Self.decode(file, &header, into: nil)
        self.header = header
        try checkStatus(status, "JPEG", message, size: file.count)
        guard header.components != 4 else {
            throw FormatError(
                file: name, found: "a \(header.is_ycck == 1 ? "YCCK" : "CMYK") JPEG, made for printing",
                expected: "one in grey or RGB colours",
                advice: "convert it (`mogrify -colorspace sRGB FILE`, ImageMagick)")
        }
        // A Huffman code spends at least a bit on a block of 8 × 8 samples. Of three components two may be subsampled
        // in one direction by 4 each, so that 4 · 64 pixels cost a bit for each of them: 1,024 pixels a byte is beyond
        // any file.
        guard height * width <= 1024 * file.count else {
            throw FormatError(
                file: name, found: "\(height)×\(width) pixels in \(file.count) bytes",
                expected: "as many as those can hold")
        }
        try ImageFile.checkPixelCount(height: height, width: width, name, "header")
    }

    var height: Int { header.height }
    var width: Int { header.width }
    var channels: Int { header.channels }

    /// A turned image is a copy; by then libjpeg has given back what it needed.
    func workBytes(dividedBy divisor: Int) -> Int {
        let (height, width) = extents(dividedBy: divisor)
        return max(header.coefficient_bytes, orientation > 1 ? height * width * channels : 0)
    }

    func decoded(dividedBy divisor: Int) throws -> DecodedImage {
        var result: (status: Int32, message: [CChar]) = (0, [])
        let (height, width) = extents(dividedBy: divisor)
        let count = height * width * channels
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { pixels, initialized in
            var header = header
            header.divisor = UInt32(divisor)
            result = Self.decode(file, &header, into: pixels.baseAddress)
            initialized = result.status == 0 ? count : 0
        }
        try checkStatus(result.status, "JPEG", result.message, size: file.count)
        return DecodedImage(pixels: pixels, height: height, width: width, channels: channels).upright(from: orientation)
    }

    private static func decode(
        _ file: [UInt8], _ header: inout retort_jpeg_header, into pixels: UnsafeMutablePointer<UInt8>?
    ) -> (status: Int32, message: [CChar]) {
        var message = [CChar](repeating: 0, count: Int(JMSG_LENGTH_MAX))
        let status = file.withUnsafeBufferPointer { bytes in
            retort_jpeg_decode(bytes.baseAddress, bytes.count, &header, pixels, &message)
        }
        return (status, message)
    }
}

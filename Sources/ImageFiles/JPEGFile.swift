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
    ///   hold.
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
        var image = retort_jpeg_image()
        var message = [CChar](repeating: 0, count: Int(JMSG_LENGTH_MAX))
        let status = file.withUnsafeBufferPointer { bytes in
            retort_jpeg_decode(bytes.baseAddress, bytes.count, largestPixelCount(in: file), &image, &message)
        }
        guard status == 0, let pixels = image.pixels else {
            throw FormatError(
                file: name, found: "JPEG data with the fault “\(String(fault: message))”", expected: "an intact file")
        }
        return DecodedImage(taking: pixels, height: image.height, width: image.width, channels: image.channels)
            .upright(from: Orientation.ofJPEG(file))
    }

    /// A Huffman code spends at least a bit on a block of 8 × 8 samples. Of three components two may be subsampled in
    /// one direction by 4 each, so that 4 · 64 pixels cost a bit for each of them: 1,024 pixels a byte is beyond any
    /// file.
    private static func largestPixelCount(in file: [UInt8]) -> Int {
        min(ImageFile.largestPixelCount, 1024 * file.count)
    }
}

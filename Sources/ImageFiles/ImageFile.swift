import Foundation
import TensorCore

/// Image files of any kind that can be read.
public enum ImageFile {
    /// The most pixels that an image may have, 2²⁸: ten times a large photograph.
    public static let largestPixelCount = 1 << 28

    /// Reads a PNG or JPEG file; which of the two, its first bytes say and not its name.
    ///
    /// - Throws: `FormatError` for another kind of file, and what ``PNGFile`` and ``JPEGFile`` throw.
    public static func read(_ url: URL) throws -> DecodedImage {
        let file = try [UInt8](InputFile.read(url))
        if file.starts(with: PNGChunks.signature) { return try PNGFile.decode(file, name: url.relativePath) }
        if file.starts(with: [0xFF, 0xD8, 0xFF]) { return try JPEGFile.decode(file, name: url.relativePath) }
        let start = file.prefix(4).map { String($0, radix: 16, uppercase: true) }.joined(separator: " ")
        throw FormatError(
            file: url.relativePath, place: "at byte 0", found: file.isEmpty ? "an empty file" : "bytes \(start)",
            expected: "a PNG or JPEG image")
    }
}

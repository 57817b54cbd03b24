import Datasets
import Foundation
import TensorCore

/// Image files of any kind that can be read.
public enum ImageFile {
    /// The most pixels that an image may have: 2²⁸, ten times a large photograph, or what the environment's
    /// `RETORT_PIXELS` says.
    public static let largestPixelCount: Int = {
        let asked = ProcessInfo.processInfo.environment["RETORT_PIXELS"].flatMap(Int.init) ?? 0
        return asked > 0 ? asked : 1 << 28
    }()

    /// Refuses an image of no pixels, or of more than are allowed.
    static func checkPixelCount(height: Int, width: Int, _ name: String, _ place: String) throws {
        let (count, overflow) = height.multipliedReportingOverflow(by: width)
        guard count > 0, !overflow, count <= largestPixelCount else {
            throw FormatError(
                file: name, place: place, found: "\(height)×\(width) pixels",
                expected: "1 to \(largestPixelCount)", advice: "RETORT_PIXELS=N in the environment allows more")
        }
    }

    /// Reads a PNG or JPEG file; which of the two, its first bytes say and not its name.
    ///
    /// - Throws: `FormatError` for another kind of file, and what ``PNGFile`` and ``JPEGFile`` throw.
    public static func read(_ url: URL) throws -> DecodedImage { try picture(FilePath(url)).read() }

    /// Reads a PNG or JPEG file and brings it to a size: to its channels first, then to its extents, padded where the
    /// size keeps the aspect and stretched where not. At most two forms of the image are in memory at once.
    ///
    /// - Throws: as ``read(_:)``.
    public static func read(_ url: URL, as size: ImageSize) throws -> DecodedImage {
        try read(FilePath(url), as: size)
    }

    /// As ``read(_:as:)-(URL,_)``, of a file of any name.
    public static func read(_ path: FilePath, as size: ImageSize) throws -> DecodedImage {
        try picture(path).read(as: size)
    }

    private static func picture(_ path: FilePath) throws -> any Picture {
        try picture([UInt8](InputFile.read(path)), name: "\(path)")
    }

    static func picture(_ file: [UInt8], name: String) throws -> any Picture {
        let kind = FileKind(Array(file.prefix(FileKind.startSize)))
        try checkKind(kind, name: name)
        return kind == .png ? try PNGPicture(file, name: name) : try JPEGPicture(file, name: name)
    }

    /// Refuses what is no image.
    static func checkKind(_ kind: FileKind, name: String) throws(FormatError) {
        guard kind == .png || kind == .jpeg else {
            throw FormatError(
                file: name, place: "at byte 0", found: kind.singular, expected: "a PNG or JPEG image",
                advice: kind.advice)
        }
    }
}

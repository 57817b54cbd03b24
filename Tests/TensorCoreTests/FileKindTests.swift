import Testing

@testable import TensorCore

@Suite("Kinds of files by their first bytes")
struct FileKindTests {
    @Test(
        "what people take for PNG or JPEG is called by its name",
        arguments: [
            ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "a PNG file"),
            ([0x89, 0x50, 0x4E, 0x47, 0x0A, 0x1A, 0x0A], "a PNG file damaged by a transfer as text"),
            (bytes("\u{FFFD}PNG\r\n\u{1A}\n"), "a PNG file damaged by a transfer as text"),
            ([0xFF, 0xD8, 0xFF, 0xE0], "a JPEG file"),
            (bytes("RIFF\u{1}\0\0\0WEBPVP8 "), "a WebP file"), (bytes("GIF89a"), "a GIF file"),
            (bytes("BM\u{1}\u{2}\0\0\0\0\0\0"), "a BMP file"), (bytes("II*\0"), "a TIFF file"),
            (bytes("MM\0*"), "a TIFF file"), (bytes("\0\0\0\u{18}ftypheic"), "a HEIC file"),
            (bytes("\0\0\0\u{18}ftypavif"), "an AVIF file"), (bytes("\0\0\0\u{18}ftypisom"), "an MP4 film"),
            (bytes("<?xml version=\"1.0\"?>\n<svg xmlns=''/>"), "an SVG drawing"), (bytes("<svg/>"), "an SVG drawing"),
            (bytes("\u{FEFF}\n <!DOCTYPE html><p>not found"), "an HTML page"), (bytes("<HTML>"), "an HTML page"),
            (bytes("version https://git-lfs.github.com/spec/v1\noid"), "a Git LFS pointer"),
            ([0x1F, 0x8B, 8, 0], "a gzip file"), (bytes("PK\u{3}\u{4}"), "a ZIP file"),
            (bytes("%PDF-1.7"), "a PDF file"),
            ([0x80, 4, 0x95], "a Python pickle"), ([0, 0, 8, 3, 0], "an IDX file"), (bytes("été\n"), "a text file"),
            (bytes("P6\n8 8"), "a PNM file"), ([], "an empty file"), ([0, 8, 0xAB, 1, 2], "bytes 00 08 AB 01"),
        ] as [([UInt8], String)])
    func names(start: [UInt8], name: String) { #expect(FileKind(start).singular == name) }

    @Test("kinds are counted in words, and no prefix of any start stops the program")
    func words() {
        #expect(FileKind(Self.bytes("GIF89a")).counted(1) == "1 GIF file")
        #expect(FileKind(Self.bytes("<html>")).counted(8) == "8 HTML pages")
        #expect(FileKind([0, 8, 0xAB]).counted(2) == "2 files of another kind")
        for first in UInt8.min...UInt8.max { for second in UInt8.min...UInt8.max { _ = FileKind([first, second]) } }
        #expect(FileKind.png.isImage && FileKind.jpeg.isImage && !FileKind.text.isImage)
    }

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
}

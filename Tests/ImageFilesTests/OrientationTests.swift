import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

/// Exif data (CIPA DC-008; TIFF 6.0, section 2) with a foreign entry before the orientation.
private func exif(_ orientation: Int, isLittle: Bool, type: Int = 3) -> [UInt8] {
    func number(_ value: Int, _ count: Int) -> [UInt8] {
        let digits = (0..<count).map { UInt8(value >> (8 * $0) & 255) }
        return isLittle ? digits : digits.reversed()
    }
    func entry(_ tag: Int, _ type: Int, _ value: Int) -> [UInt8] {
        number(tag, 2) + number(type, 2) + number(1, 4) + number(value, 2) + [0, 0]
    }
    return (isLittle ? [0x49, 0x49] : [0x4D, 0x4D]) + number(42, 2) + number(8, 4) + number(2, 2)
        + entry(0x0100, 3, 5) + entry(0x0112, type, orientation) + number(0, 4)
}

/// A JPEG file with Exif data behind its first marker.
private func withExif(_ file: [UInt8], _ tiff: [UInt8]) -> [UInt8] {
    let content = Array("Exif\0\0".utf8) + tiff
    return file[..<2] + [0xFF, 0xE1, UInt8((content.count + 2) >> 8), UInt8((content.count + 2) & 255)] + content
        + file[2...]
}

@Suite("The camera's turn")
struct OrientationTests {
    @Test("all eight values, by hand: where the first row and column of the stored image lie")
    func values() {
        // a b c
        // d e f
        let stored = DecodedImage(pixels: Array("abcdef".utf8), height: 2, width: 3, channels: 1)
        let expected = [
            1: ["abc", "def"], 2: ["cba", "fed"], 3: ["fed", "cba"], 4: ["def", "abc"], 5: ["ad", "be", "cf"],
            6: ["da", "eb", "fc"], 7: ["fc", "eb", "da"], 8: ["cf", "be", "ad"],
        ]
        for (orientation, rows) in expected {
            let upright = stored.upright(from: orientation)
            #expect((upright.height, upright.width) == (rows.count, rows[0].count))
            #expect(String(decoding: upright.pixels, as: UTF8.self) == rows.joined(), "\(orientation)")
        }
        let colours = DecodedImage(pixels: [1, 2, 3, 4, 5, 6], height: 1, width: 2, channels: 3)
        #expect(colours.upright(from: 6).pixels == [1, 2, 3, 4, 5, 6])
        #expect(colours.upright(from: 8).pixels == [4, 5, 6, 1, 2, 3])
    }

    @Test(
        "a JPEG file and a PNG file with Exif data come upright, in both byte orders", arguments: 1...8, [true, false])
    func files(orientation: Int, isLittle: Bool) throws {
        let tiff = exif(orientation, isLittle: isLittle)
        let jpeg = try bytes(JPEGTests.subsampled)
        #expect(try decode(withExif(jpeg, tiff)) == decode(jpeg).upright(from: orientation))
        var builder = PNGBuilder { row, column, _ in 40 * row + 30 * column }
        let stored = try decode(builder.file)
        builder.chunks = [("eXIf", tiff)]
        #expect(try decode(builder.file) == stored.upright(from: orientation))
        try withTemporaryFolder { folder in
            let url = try folder.file("turned.jpg", withExif(jpeg, tiff))
            let image = try ImageFile.read(url)
            #expect((image.height, image.width) == (orientation < 5 ? (11, 17) : (17, 11)))
        }
    }

    @Test("Exif data that cannot be read turn nothing, whatever is cut off or damaged")
    func damage() throws {
        let jpeg = try bytes(JPEGTests.grey)
        let upright = try decode(jpeg)
        for orientation in [0, 9, 4000] { #expect(Orientation.ofTIFF(exif(orientation, isLittle: true)) == 1) }
        #expect(Orientation.ofTIFF(exif(6, isLittle: true, type: 4)) == 1)
        let tiff = exif(6, isLittle: false)
        for part in Damage.prefixes(of: tiff) where part.count < 32 { #expect(Orientation.ofTIFF(part) == 1) }
        for damaged in Damage.mutations(of: tiff, count: 500, seed: 4) {
            #expect((1...8).contains(Orientation.ofTIFF(damaged)))
            #expect(try decode(withExif(jpeg, damaged)).pixels.count == upright.pixels.count)
        }
        // A directory far beyond the end, and one that says it has 65,535 entries.
        #expect(Orientation.ofTIFF([0x49, 0x49, 42, 0, 255, 255, 255, 255]) == 1)
        #expect(Orientation.ofTIFF([0x49, 0x49, 42, 0, 8, 0, 0, 0, 255, 255]) == 1)
    }

    @Test("larger files cut at every 97th byte: an error that names the file, never an image")
    func truncation() throws {
        try withTemporaryFolder { folder in
            let image = noise(height: 60, width: 50, channels: 3)
            let (png, jpeg) = (folder.appending(path: "a.png"), folder.appending(path: "a.jpg"))
            try PNGFile.write(image, to: png)
            try JPEGFile.write(image, to: jpeg)
            for url in [png, jpeg] {
                let file = [UInt8](try Data(contentsOf: url))
                #expect(file.count > 97 * 30)
                for length in stride(from: 0, to: file.count, by: 97) {
                    let cut = try folder.file("cut", Array(file[..<length]))
                    let error = #expect(throws: FormatError.self) { try ImageFile.read(cut) }
                    #expect(error?.file.hasSuffix("cut") == true)
                }
            }
        }
    }
}

import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("PNG")
struct PNGTests {
    @Test("what is written is read back to the bit", arguments: [1, 3, 4])
    func roundTrip(channels: Int) throws {
        for (height, width) in [(1, 1), (7, 3), (64, 65)] {
            let image = noise(height: height, width: width, channels: channels)
            try withTemporaryFolder { folder in
                let url = folder.appending(path: "image.png")
                try PNGFile.write(image, to: url)
                #expect(try PNGFile.read(url) == image)
                #expect(try Data(contentsOf: url) == PNGFile.encoded(image))
            }
        }
    }

    @Test("up to 256 colours make a palette, which reads as the same pixels and takes less; 257 do not")
    func writtenPalette() throws {
        for count in [1, 2, 5, 256, 257] {
            // Every colour once and then in no order, 23 × 29 pixels.
            let pixels = (0..<23 * 29).flatMap { place -> [UInt8] in
                let color = place < count ? place : place * place % count
                return [UInt8(color & 255), UInt8(color >> 8), UInt8(255 - color & 255)]
            }
            let image = DecodedImage(pixels: pixels, height: 23, width: 29, channels: 3)
            let file = try [UInt8](PNGFile.encoded(image))
            #expect(try decode(file) == image, "\(count) colours")
            // The header's colour type (PNG specification, section 11.2.1): 3 a palette, 2 colours.
            #expect(file[25] == (count <= 256 ? 3 : 2), "\(count) colours")
        }
    }

    @Test("every depth of grey is spread over 0 ... 255, 16 bits rounded", arguments: [1, 2, 4, 8, 16], [false, true])
    func grey(depth: Int, isInterlaced: Bool) throws {
        let largest = 1 << depth - 1
        let values = { (row: Int, column: Int, _: Int) in (row * 977 + column * 12_345 + 1) & largest }
        let builder = PNGBuilder(width: 11, height: 9, depth: depth, isInterlaced: isInterlaced, sample: values)
        let image = try decode(builder.file)
        #expect((image.height, image.width, image.channels) == (9, 11, 1))
        for (place, pixel) in image.pixels.enumerated() {
            let value = Double(values(place / 11, place % 11, 0)) * 255 / Double(largest)
            #expect(Double(pixel) == value.rounded(), "depth \(depth), place \(place)")
        }
    }

    @Test("colour and opacity, 8 and 16 bits", arguments: [2, 4, 6], [8, 16])
    func colors(colorType: Int, depth: Int) throws {
        let values = { (row: Int, column: Int, channel: Int) in 7 + 60 * row + 11 * column + 17 * channel }
        for isInterlaced in [false, true] {
            let builder = PNGBuilder(depth: depth, colorType: colorType, isInterlaced: isInterlaced) {
                values($0, $1, $2) * (depth == 16 ? 257 : 1)
            }
            let image = try decode(builder.file)
            let channels = colorType == 2 ? 3 : 4
            #expect((image.height, image.width, image.channels) == (3, 5, channels))
            let expected = (0..<15).flatMap { place in
                (0..<channels).map { channel in
                    // Grey with opacity becomes three equal colours.
                    let stored = colorType == 4 ? (channel == 3 ? 1 : 0) : channel
                    return UInt8(values(place / 5, place % 5, stored))
                }
            }
            #expect(image.pixels == expected)
        }
    }

    @Test("a palette becomes its colours, and with tRNS their opacity too", arguments: [1, 2, 4, 8])
    func palette(depth: Int) throws {
        let palette: [UInt8] = [10, 20, 30, 200, 100, 50]
        var builder = PNGBuilder(depth: depth, colorType: 3, chunks: [("PLTE", palette)]) { row, column, _ in
            (row + column) % 2
        }
        let opaque = try decode(builder.file)
        #expect(opaque.channels == 3)
        // Entries 0 and 1 in turn, in rows of 5.
        let pairs = [[UInt8]](repeating: palette, count: 8).flatMap { $0 }
        #expect(opaque.pixels == pairs.dropLast(3))
        builder.chunks.append(("tRNS", [77]))
        let transparent = try decode(builder.file)
        #expect(transparent.channels == 4)
        #expect(Array(transparent.pixels.prefix(8)) == [10, 20, 30, 77, 200, 100, 50, 255])
        // Index 2 of two colours is taken for black; a bit has no such index.
        if depth > 1 {
            builder.sample = { _, _, _ in 2 }
            let beyond = try decode(builder.file)
            #expect(Array(beyond.pixels.prefix(4)) == [0, 0, 0, 255])
        }
    }

    @Test("pixels are as stored: a gamma, a profile and texts change nothing")
    func ancillary() throws {
        let plain = PNGBuilder(colorType: 2) { row, column, channel in 40 * row + 30 * column + channel }
        var dressed = plain
        dressed.chunks = [("gAMA", UInt32(100_000).bigEndianBytes), ("sBIT", [3, 3, 3]), ("tEXt", [65, 0, 66])]
        #expect(try decode(dressed.file) == decode(plain.file))
        var deep = PNGBuilder(depth: 16) { row, column, _ in 257 * (40 * row + 30 * column) }
        let expected = try decode(deep.file)
        deep.chunks = [("gAMA", UInt32(100_000).bigEndianBytes)]
        #expect(try decode(deep.file) == expected && expected.pixels[1] == 30)
    }

    @Test("files of another encoder (Pillow 13.0 with its own zlib, optimised; filtered rows, dynamic codes)")
    func foreign() throws {
        let colour =
            "iVBORw0KGgoAAAANSUhEUgAAABEAAAALCAIAAAAWQvFQAAAAHElEQVR42mNkYPjPxfCNJMTCIMJAKhjVM/z0AABBOhHxvJB0EAAAAABJRU5ErkJggg=="
        #expect(try decode(bytes(colour)) == gradient)
        // The same image in eight colours; no channel is farther off than half of an eighth of the range needs.
        let palette = """
            iVBORw0KGgoAAAANSUhEUgAAABEAAAALBAMAAABrDns0AAAAGFBMVEV4tId4jIcjqtxQbq94PId4CocjPNwjCtzuFm+OAAAAQklEQVR42jXLsQ2AIA\
            AAwYNQG7d1OYdgAsMCBnslWADfXj4cuPBGq1RR8UV4IKJ1SLTsLno6hd3UThmqbnUe8npHP1FJEjUyaAFIAAAAAElFTkSuQmCC
            """
        #expect(meanDifference(try decode(bytes(palette)), gradient) < 32)
    }

    @Test("what is no PNG, is cut short or out of order is refused with the place")
    func refusals() {
        let file = PNGBuilder { _, column, _ in column }.file
        #expect(refusal([]) == "f: at byte 0: no PNG signature found, a PNG file expected")
        #expect(
            refusal(file.dropLast())
                == "f: at byte 85: the file is cut short, before the PNG image's last chunk (IEND); copy the file again"
        )
        #expect(
            refusal(Array(file.prefix(33 + 14)))
                == "f: at byte 33: the file is cut short, after 6 bytes of a chunk of \(file[36]); copy the file again")
        #expect(refusal(Array(file.prefix(8)) + file.dropFirst(33))?.contains("at byte 8: chunk IDAT") == true)
        var twice = file
        twice.insert(contentsOf: file[8..<33], at: 33)
        #expect(refusal(twice)?.contains("at byte 33: chunk IHDR of 13 bytes found, one IHDR") == true)
        var apple = file
        apple.insert(contentsOf: pngChunk("CgBI", [0x50, 0, 0x20, 2]), at: 8)
        #expect(refusal(apple)?.contains("at byte 8: a PNG repacked by Xcode (CgBI) found") == true)
        let bad = PNGBuilder(colorType: 5) { _, _, _ in 0 }.file
        #expect(refusal(bad)?.contains("damaged PNG data (") == true)
    }

    @Test("extents that the compressed data cannot hold are refused before memory is asked for")
    func hugeExtents() {
        func claiming(_ width: UInt32, _ height: UInt32) -> [UInt8] {
            let header = width.bigEndianBytes + height.bigEndianBytes + [1, 0, 0, 0, 0]
            return PNGChunks.signature + pngChunk("IHDR", header)
                + pngChunk("IDAT", zlibStream([1, 2, 3])) + pngChunk("IEND", [])
        }
        // 14 bytes hold at most 14,448; 400 rows of 51 bytes are more.
        #expect(refusal(claiming(400, 400))?.contains("pixels in 14 compressed bytes") == true)
        #expect(refusal(claiming(16_384, 16_384))?.contains("pixels in 14 compressed bytes") == true)
        #expect(
            refusal(claiming(16_385, 16_384))?.contains("1 to 268435456 expected; RETORT_PIXELS=N in the environment")
                == true)
        #expect(
            refusal(claiming(.max, .max))?.contains("1 to 268435456 expected; RETORT_PIXELS=N in the") == true)
        #expect(refusal(claiming(0, 5)) != nil && refusal(claiming(5, 0)) != nil)
        // Within the ratio, but without the data.
        #expect(refusal(claiming(100, 100))?.contains("damaged PNG data (") == true)
    }

    @Test("no prefix of a file is accepted; random damage is refused or changes no pixel")
    func damage() throws {
        let image = noise(height: 6, width: 5, channels: 3)
        for file in [[UInt8](try PNGFile.encoded(image)), PNGBuilder(isInterlaced: true) { $0 + $1 + $2 }.file] {
            let intact = try decode(file)
            for part in Damage.prefixes(of: file) { #expect(refusal(part) != nil, "\(part.count) bytes") }
            for damaged in Damage.mutations(of: file, count: 400, seed: 7) {
                if let decoded = try? decode(damaged) { #expect(decoded == intact) }
            }
        }
    }

    @Test("damage under right checksums, which libpng's own checks must meet, never stops the program")
    func deepDamage() throws {
        let palette: [(String, [UInt8])] = [("PLTE", [1, 2, 3, 4, 5, 6]), ("tRNS", [5])]
        let files = [
            PNGBuilder(depth: 4, colorType: 3, isInterlaced: true, chunks: palette) { ($0 + $1 + $2) % 2 }.file,
            [UInt8](try PNGFile.encoded(noise(height: 5, width: 4, channels: 4))),
        ]
        for file in files {
            var accepted = 0
            for damaged in Damage.mutations(of: file, count: 300, seed: 9) {
                if refusal(PNGBuilder.withRightChecksums(damaged)) == nil { accepted += 1 }
            }
            // Were it none, the damage would not get past the first checks.
            #expect(accepted > 0)
        }
    }
}

@Suite("PNG: samples of 16 bits of which fewer are used")
struct DeepPNGTests {
    /// A grey image of 16 bits a sample whose columns are the values, with sBIT's chunk or without.
    static func file(_ values: [Int], bits: UInt8?, isInterlaced: Bool = false) -> [UInt8] {
        PNGBuilder(
            width: values.count, height: 2, depth: 16, isInterlaced: isInterlaced,
            chunks: bits.map { [("sBIT", [$0])] } ?? []
        ) { _, column, _ in values[column] }.file
    }

    @Test(
        "samples of 12 bits that were not spread are, those that were and others are as they are",
        arguments: [false, true])
    func significantBits(isInterlaced: Bool) throws {
        func row(_ values: [Int], _ bits: UInt8?) throws -> [UInt8] {
            let image = try decode(Self.file(values, bits: bits, isInterlaced: isInterlaced))
            #expect(image.channels == 1 && image.pixels.prefix(values.count) == image.pixels.suffix(values.count))
            return Array(image.pixels.prefix(values.count))
        }
        // 4095 is all of 12 bits; round(255 · 2049 / 4095) is 128.
        #expect(try row([0, 2049, 4095, 16, 17], 12) == [0, 128, 255, 1, 1])
        // Spread by a shift, but dark: multiples of 16 stay.
        #expect(try row([0, 2048, 4080], 12) == [0, 8, 16])
        #expect(try row([0, 2049, 65_535], 12) == [0, 8, 255])
        #expect(try row([0, 2049, 4095], nil) == [0, 8, 16] && row([0, 2049, 4095], 16) == [0, 8, 16])
    }

    @Test("opacity is not scaled with colours, nor counted")
    func opacity() throws {
        let file = PNGBuilder(
            width: 2, height: 1, depth: 16, colorType: 6, chunks: [("sBIT", [12, 12, 12, 16])]
        ) { _, column, channel in channel == 3 ? 65_535 : column == 0 ? 4095 : 17 }.file
        #expect(try decode(file).pixels == [255, 255, 255, 255, 1, 1, 1, 255])
    }

    @Test("a folder of images of 16 bits that use less than a quarter of the range is told of")
    func dark() throws {
        try withTemporaryFolder { folder in
            for (name, top) in [("a", 4095), ("b", 4001)] {
                try FileManager.default.createDirectory(
                    at: folder.appending(path: name), withIntermediateDirectories: false)
                for number in 0..<5 {
                    try folder.file("\(name)/\(number).png", Self.file([number, 100, top], bits: nil))
                }
            }
            func remarks() throws -> [String] {
                try DividedData(folder: folder, size: ImageSize(height: 2, width: 3, channels: 1)).notes.remarks
            }
            let remark = try #require(remarks().first)
            #expect(remark.contains("less than a quarter of their range (16 of 255 at most)"))
            try folder.file("a/0.png", Self.file([1, 2, 60_000], bits: nil))
            #expect(try remarks().isEmpty)
        }
    }

    // Python 3.11: zlib.compress((b"\0" + row) * 3, 9) of the row below, its first two bytes 08 1D, as a grey PNG.
    static let smallWindow = """
        iVBORw0KGgoAAAANSUhEUgAAASwAAAADCAAAAAAMm23+AAABR0lEQVQIHWNgYGThFJBUMXQITKmcsPLIQwZFeZfsKfvfSKtH9R/7\
        Lxo08ZKoac1RAYv2G2zRm7gd5/21nMPovEY8/pxUL1PIWeUF8tX/4p56XrE5bX7K6qLrg4jvxWLTJA66f6nj2uvLMkPvdavikxa1\
        91NteXakib1dGM7/blWGBv/lmYnaMq929SSY8fG+PL68MzfYWlVQRYTt14cXj+7duXPv0YsPv9hEVARVrYNzO5cff8nLZ5bQs+uV\
        jHbizMv8Ghmr3vGHL3wrlraDx3bqe7WWJ4qtr/VmsPju5ar74n5QYppY8feIB64XrU6Zn7a54vk07l+1/ALlsyFMvVLn4sXXODPO\
        sfw7z5F7UzTbjXYLgaM1pqKXJgaJ/j/WH6Uu/Wb/lGwXeUWGh0dWTqhMCXQwVJEU4GRhhAYSw2hgjQYWTQILAA0qhG/AkaEBAAAA\
        AElFTkSuQmCC
        """

    @Test("a file whose rows reach back farther than the window that it announces is read, as other libraries do")
    func window() throws {
        let row: [UInt8] = (0..<300).map { x in UInt8(x * x % 293 % 256) }
        let image = try decode(bytes(Self.smallWindow))
        #expect(image.pixels == row + row + row)
    }
}

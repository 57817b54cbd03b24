import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

/// What a PNG file is made of, put together by the specification's letter and without libpng.
struct PNGBuilder {
    var width = 5
    var height = 3
    var depth = 8
    /// 0 grey, 2 colour, 3 palette, 4 grey and opacity, 6 colour and opacity.
    var colorType = 0
    var isInterlaced = false
    /// Chunks between the header and the data.
    var chunks: [(type: String, content: [UInt8])] = []
    /// A sample's stored value.
    var sample: (_ row: Int, _ column: Int, _ channel: Int) -> Int

    var samplesPerPixel: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 1 }

    var file: [UInt8] {
        let header =
            UInt32(width).bigEndianBytes + UInt32(height).bigEndianBytes
            + [UInt8(depth), UInt8(colorType), 0, 0, isInterlaced ? 1 : 0]
        return ([("IHDR", header)] + chunks + [("IDAT", zlibStream(rows)), ("IEND", [])])
            .reduce(PNGChunks.signature) { $0 + pngChunk($1.0, $1.1) }
    }

    /// The file with every chunk's checksum put right, as far as there are chunks.
    static func withRightChecksums(_ file: [UInt8]) -> [UInt8] {
        var file = file
        var position = PNGChunks.signature.count
        while position + 12 <= file.count {
            let length = file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = position + 8 + length
            guard end + 4 <= file.count else { break }
            file.replaceSubrange(end..<end + 4, with: crc32(file[position + 4..<end]).bigEndianBytes)
            position = end + 4
        }
        return file
    }

    /// Filter type 0 and the packed samples of each row; interlaced, of each row of Adam7's passes (section 8.1).
    private var rows: [UInt8] {
        // First row and column, and the steps between them.
        let passes =
            isInterlaced
            ? [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
            : [(0, 0, 1, 1)]
        var bytes: [UInt8] = []
        for (firstRow, firstColumn, rowStep, columnStep) in passes {
            let columns = Array(stride(from: firstColumn, to: width, by: columnStep))
            if columns.isEmpty { continue }
            for row in stride(from: firstRow, to: height, by: rowStep) { bytes += [0] + packed(row, columns) }
        }
        return bytes
    }

    private func packed(_ row: Int, _ columns: [Int]) -> [UInt8] {
        let samples = columns.flatMap { column in (0..<samplesPerPixel).map { sample(row, column, $0) } }
        if depth == 16 { return samples.flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] } }
        let perByte = 8 / depth
        return stride(from: 0, to: samples.count, by: perByte).map { start in
            (0..<perByte).reduce(UInt8(0)) { byte, place in
                let value = start + place < samples.count ? samples[start + place] : 0
                return byte | UInt8(value << (8 - depth * (place + 1)))
            }
        }
    }
}

/// Decodes a file of the name "f", by its kind.
func decode(_ file: [UInt8]) throws -> DecodedImage {
    file.starts(with: [0xFF]) ? try JPEGFile.decode(file, name: "f") : try PNGFile.decode(file, name: "f")
}

/// What a decoder says of a file; nil if it accepts it.
func refusal(_ file: [UInt8]) -> String? {
    do {
        _ = try decode(file)
        return nil
    } catch { return "\(error)" }
}

/// An image whose pixels are chance, the same for the same extents.
func noise(height: Int, width: Int, channels: Int) -> DecodedImage {
    var random = Philox(seed: 1, sample: height * width, operation: channels)
    let pixels = (0..<height * width * channels).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
    return DecodedImage(pixels: pixels, height: height, width: width, channels: channels)
}

/// The image in which the channels at (row y, column x) are 10·x, 20·y and 255 − 10·x: 11 × 17.
let gradient: DecodedImage = {
    var pixels: [UInt8] = []
    for y in 0..<11 { for x in 0..<17 { pixels += [UInt8(10 * x), UInt8(20 * y), UInt8(255 - 10 * x)] } }
    return DecodedImage(pixels: pixels, height: 11, width: 17, channels: 3)
}()

/// The bytes that a text of base64 stands for.
func bytes(_ base64: String) throws -> [UInt8] { Array(try #require(Data(base64Encoded: base64))) }

/// The mean absolute difference of two images' bytes; infinite where their extents differ.
func meanDifference(_ left: DecodedImage, _ right: DecodedImage) -> Double {
    guard (left.height, left.width, left.channels) == (right.height, right.width, right.channels) else {
        return .infinity
    }
    let sum = zip(left.pixels, right.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    return Double(sum) / Double(left.pixels.count)
}

import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("JPEG")
struct JPEGTests {
    // By Pillow 13.0 (libjpeg-turbo 3.2): the gradient in grey (10·x + 5·y), in colour with 4:2:0, progressive, in
    // CMYK.
    static let grey = """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGB\
        YUGBIUFRT/wAALCAALABEBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAACAf/xAAjEAAABAUEAwAAAAAAAAAAAAAAByJBAQMEBiMUFjNRUmKh/9oACAEB\
        AAA/ABsUlo8KOmDVKS0eFHTC8bR9PgAZSUsrCiDBrFJSysKIMLxpZXhAf//Z
        """
    static let subsampled = """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGB\
        YUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wAARCAALABED\
        ASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAACAAG/8QAJBAAAQEGBgMAAAAAAAAAAAAAAAUBAgQHIyQRFRchMaFUY5H/xAAVAQEBAAAAAAAAAA\
        AAAAAAAAAHCP/EABoRAAMAAwEAAAAAAAAAAAAAAAAEBhYiYTH/2gAMAwEAAhEDEQA/ADsnSU4odGnTpKcUOhMpyRB7W7hp05Ig8GW7gtXtYzuFMVcO\
        a+hW0U9DfhC/yiD8dwiZ8tZ6ULnDnT//2Q==
        """
    static let progressive = """
        /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMUFRUVDA8XGB\
        YUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBT/wgARCAALABED\
        ASIAAhEBAxEB/8QAFgABAQEAAAAAAAAAAAAAAAAABwAF/8QAFQEBAQAAAAAAAAAAAAAAAAAABgf/2gAMAwEAAhADEAAAATrUTNRaUKpgpnQv/8QAGR\
        AAAwEBAQAAAAAAAAAAAAAAAAIDBRMV/9oACAEBAAEFAp4pPFPFJyQnJDkh/8QAGBEAAwEBAAAAAAAAAAAAAAAAAAMFFSH/2gAIAQMBAT8Bi3HcNxx/\
        /8QAGBEAAwEBAAAAAAAAAAAAAAAAAAMFFSH/2gAIAQIBAT8BvVmdNZh//8QAFhABAQEAAAAAAAAAAAAAAAAAADEy/9oACAEBAAY/AoiMssv/xAAXEA\
        EBAQEAAAAAAAAAAAAAAAAAURBh/9oACAEBAAE/Idb4iI5H/9oADAMBAAIAAwAAABCjH//EABYRAQEBAAAAAAAAAAAAAAAAAABRcf/aAAgBAwEBPxCw\
        0f/EABURAQEAAAAAAAAAAAAAAAAAAABx/9oACAECAQE/EF3f/8QAHBAAAQMFAAAAAAAAAAAAAAAAAAExwRARIXGR/9oACAEBAAE/EG4jcTfwxhtkoz\
        //2Q==
        """
    static let cmyk = """
        /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAQCwwODAoQDg0OEhEQExgoGhgWFhgxIyUdKDozPTw5Mzg3QEhcTkBEV0U3OFBtUVdfYmdoZz5NcXlwZHhcZW\
        dj/8AAFAgACwARBEMRAE0RAFkRAEsRAP/EABcAAQEBAQAAAAAAAAAAAAAAAAAGBQf/xAAcEAEAAgEFAAAAAAAAAAAAAAAABUEBAxMVUmL/2gAOBEMA\
        TQBZAEsAAD8AkI6mFwPhXSNugKiOo4Hwl5GxrnA+GQICOpe7Gl0wv5GxUR1GxpdMJeRsa5saXTDIH//Z
        """

    @Test("files of another encoder: grey, subsampled colours, progressive")
    func foreign() throws {
        let ramp = (0..<11 * 17).map { (place: Int) -> UInt8 in UInt8(10 * (place % 17) + 5 * (place / 17)) }
        let expected = DecodedImage(pixels: ramp, height: 11, width: 17, channels: 1)
        // Quality 90 quantises the low frequencies, which a ramp consists of, in steps of 3; the means differ by less.
        #expect(meanDifference(try decode(bytes(Self.grey)), expected) < 1.5)
        for file in [Self.subsampled, Self.progressive] {
            // Two columns share a colour, 10 apart in red and in blue.
            #expect(meanDifference(try decode(bytes(file)), gradient) < 5)
        }
    }

    @Test("what is written is read back closely: 35 dB at quality 95 on a gradient", arguments: [1, 3])
    func roundTrip(channels: Int) throws {
        let image = gradient.converted(toChannels: channels)
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "image.jpg")
            try JPEGFile.write(image, to: url, quality: 95)
            let read = try JPEGFile.read(url)
            #expect((read.height, read.width, read.channels) == (11, 17, channels))
            let squares = zip(read.pixels, image.pixels).reduce(0) { sum, pair in
                let difference = Int(pair.0) - Int(pair.1)
                return sum + difference * difference
            }
            let meanSquare = Double(squares) / Double(image.pixels.count)
            #expect(10 * log10(255 * 255 / meanSquare) > 35)
            let size = try Data(contentsOf: url).count
            try JPEGFile.write(image, to: url, quality: 20)
            #expect(try Data(contentsOf: url).count < size)
        }
    }

    @Test("a large noisy image: the encoder's buffer grows many times")
    func large() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "image.jpg")
            try JPEGFile.write(noise(height: 120, width: 200, channels: 3), to: url, quality: 100)
            #expect(try JPEGFile.read(url).pixels.count == 72_000)
        }
    }

    @Test("what libjpeg cannot turn into grey or colours is refused with its reason")
    func refusals() throws {
        #expect(
            refusal(try bytes(Self.cmyk))
                == "f: a CMYK JPEG, made for printing found, one in grey or RGB colours expected; convert it (`mogrify "
                + "-colorspace sRGB FILE`, ImageMagick)")
        #expect(refusal([0xFF]) != nil && refusal([0xFF, 0xD8, 0xFF, 0xD9]) != nil)
    }

    @Test("extents that no file of this size can hold are refused before memory is asked for")
    func hugeExtents() throws {
        for (height, width) in [(65_500, 65_500), (16_000, 16_000), (1000, 1000)] {
            var file = try bytes(Self.progressive)
            let frame = try #require(file.indices.first { file[$0...].starts(with: [0xFF, 0xC2]) })
            file.replaceSubrange(
                frame + 5..<frame + 9,
                with: [UInt8(height >> 8), UInt8(height & 255), UInt8(width >> 8), UInt8(width & 255)])
            #expect(
                refusal(file)?.contains(
                    "\(height)×\(width) pixels in \(file.count) bytes found, as many as those can hold") == true)
        }
    }

    @Test("hundreds of passes over the image, which a small file can ask for, are refused")
    func manyScans() throws {
        // A grey 8 × 8 file made into one of three components, each with a scan of its own (ITU-T T.81, section B.2).
        let file = try withTemporaryFolder { folder in
            let url = folder.appending(path: "image.jpg")
            try JPEGFile.write(
                DecodedImage(pixels: [UInt8](repeating: 9, count: 64), height: 8, width: 8, channels: 1), to: url)
            return [UInt8](try Data(contentsOf: url))
        }
        let frame = try #require(file.indices.first { file[$0...].starts(with: [0xFF, 0xC0]) })
        let scan = try #require(file.indices.first { file[$0...].starts(with: [0xFF, 0xDA]) })
        let components: [UInt8] = (1...3).flatMap { [$0, 0x11, 0] }
        let start = Array(file[..<(frame + 2)]) + [0, 17] + file[frame + 4..<frame + 9] + [3] + components
        func withScans(_ components: [UInt8]) -> [UInt8] {
            let (before, after) = (file[scan..<scan + 5], file[(scan + 6)...].dropLast(2))
            let scans: [UInt8] = components.flatMap { (component: UInt8) -> [UInt8] in before + [component] + after }
            let head: [UInt8] = start + file[frame + 13..<scan]
            return head + scans + ([0xFF, 0xD9] as [UInt8])
        }
        #expect(try decode(withScans([1, 2, 3])).channels == 3)
        #expect(refusal(withScans([1, 2, 3] + [UInt8](repeating: 1, count: 200)))?.contains("progress") == true)
    }

    @Test(
        "no prefix of a file is accepted; random damage never stops the program",
        arguments: [grey, subsampled, progressive])
    func damage(base64: String) throws {
        let file = try bytes(base64)
        #expect(refusal(file) == nil)
        for part in Damage.prefixes(of: file) where !part.isEmpty {
            #expect(refusal(part) != nil, "\(part.count) bytes")
        }
        #expect(
            refusal(Array(file.dropLast(20)))?.hasSuffix(
                "at byte \(file.count - 20): the file is cut short, within the JPEG image; copy it again") == true)
        for damaged in Damage.mutations(of: file, count: 400, seed: 8) { _ = try? decode(damaged) }
    }
}

import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: lines of text, whose aspect is kept")
struct LinesOfTextCommandTests {
    /// Capitals and digits that look otherwise on their heads, seven rows of five pixels each.
    private static let glyphs = [
        [14, 17, 17, 31, 17, 17, 17], [31, 16, 16, 30, 16, 16, 16], [7, 2, 2, 2, 2, 18, 12],
        [16, 16, 16, 16, 16, 16, 31], [30, 17, 17, 30, 16, 16, 16], [30, 17, 17, 30, 20, 18, 17],
        [31, 4, 4, 4, 4, 4, 4], [2, 6, 10, 18, 31, 2, 2], [31, 1, 2, 4, 8, 8, 8],
        [14, 17, 16, 23, 17, 17, 15], [17, 17, 10, 4, 4, 4, 4], [17, 17, 17, 17, 17, 10, 4],
        [17, 17, 17, 17, 17, 17, 14],
    ]

    /// A dark line of 5 to 11 glyphs on white paper, each pixel of a glyph a square of 2 to 4.
    private static func line(_ number: Int, isTurned: Bool) -> DecodedImage {
        var random = Philox(seed: 1, sample: number, operation: isTurned ? 1 : 0)
        let (count, side) = (5 + random.index(below: 7), 2 + random.index(below: 3))
        let text = (0..<count).map { _ in glyphs[random.index(below: glyphs.count)] }
        let (height, width) = (9 * side, (6 * count + 1) * side)
        var pixels = [UInt8](repeating: 235, count: height * width)
        for y in side..<8 * side {
            for x in side..<width {
                let (glyph, column) = ((x / side - 1) / 6, (x / side - 1) % 6)
                if column < 5, text[glyph][y / side - 1] >> (4 - column) & 1 == 1 { pixels[y * width + x] = 20 }
            }
        }
        if isTurned { pixels.reverse() }
        return DecodedImage(pixels: pixels, height: height, width: width, channels: 1)
    }

    private static func write(_ count: Int, to folder: URL) throws {
        for (name, isTurned) in [("0", false), ("180", true)] {
            let place = folder.appending(path: name)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            for number in 0..<count {
                try PNGFile.write(line(number, isTurned: isTurned), to: place.appending(path: "\(number).png"))
            }
        }
    }

    @Test("A model of lines says so in its file, and every command that takes it pads as its training did")
    func wholeWay() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Self.write(12, to: folder.appending(path: "lines"))
            let quick = "--architecture mlp-8 --steps 20 --batch 8 --threads 1"
            try retort.succeed(
                "train --data lines --image-size 8x32 --keep-aspect --grey --augment ocr \(quick) --output m")
            #expect(try retort.succeed("info m").output.contains("8×32×1, aspect kept"))
            // The same without the option, which the file says.
            try retort.succeed("distill --teacher m --data lines \(quick) --output s")
            #expect(try retort.succeed("info s").output.contains("8×32×1, aspect kept"))
            try retort.succeed("quantize s --data lines --threads 1 --output i")
            let alone = try retort.succeed("evaluate i --data lines --json").json()["accuracy"] as? Double
            #expect(
                try retort.succeed("evaluate i --data lines --keep-aspect --json").json()["accuracy"] as? Double
                    == alone)
            try retort.succeed("predict i lines/0/1.png")
            try retort.succeed("export i --onnx i.onnx")
            try retort.succeed("evaluate i.onnx --data lines")
            try retort.succeed("augment preview --policy ocr --data lines --image-size 8x32 --keep-aspect --out p.png")

            try retort.succeed("train --data lines --image-size 8x32 --grey \(quick) --output stretched")
            #expect(try !retort.succeed("info stretched").output.contains("aspect kept"))
            for (line, message) in [
                (
                    "evaluate stretched --data lines --keep-aspect",
                    "--keep-aspect: stretched was trained on images without"
                ),
                (
                    "predict stretched lines/0/1.png --keep-aspect",
                    "--keep-aspect: stretched was trained on images without"
                ),
                ("evaluate m --keep-aspect", "--keep-aspect: has no effect on the embedded digits"),
                (
                    "train --data lines --image-size 8x --output x",
                    "'8x' found, a whole number from 4 to 1024"
                ),
                (
                    "train --data lines --image-size 3 --output x",
                    "3 found, a whole number from 4 to 1024"
                ),
                (
                    "augment preview --policy ocr --data lines --keep-aspect --targets lines --out p",
                    "--targets: has places"
                ),
            ] {
                let refused = try retort.fail(line)
                #expect(refused.status == 64 && refused.errors.contains(message), "\(line): \(refused.errors)")
            }
        }
    }

    private static let models = ProcessInfo.processInfo.environment["RETORT_MODELS"]

    @Test(
        "A published classifier of a line's direction reads drawn lines, and a student learns it from that one alone",
        .enabled(if: models != nil, "RETORT_MODELS is not set"))
    func publishedTeacher() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Self.write(100, to: folder.appending(path: "lines"))
            let teacher =
                "\(Self.models ?? "")/ocr-direction.onnx --normalization -1-1 --input-size 48x192 "
                + "--data lines --keep-aspect"
            func accuracy(_ line: String) throws -> Double {
                try #require(try retort.succeed("\(line) --threads 1 --json").json()["accuracy"] as? Double)
            }
            // ONNX Runtime reads 94 to 99 % of such lines correctly.
            #expect(try accuracy("evaluate \(teacher)") >= 90)
            // No label has a part in it, and guessing is right for half of the lines.
            let student = try accuracy(
                "distill --teacher \(teacher) --architecture convnet-4 --image-size 16x64 --grey --augment ocr "
                    + "--hard-label-weight 0 --steps 60 --batch 16 --output s")
            #expect(student >= 75)
            #expect(try accuracy("evaluate s --data lines") == student)
        }
    }
}

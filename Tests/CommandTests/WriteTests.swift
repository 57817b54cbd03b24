import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: augmented images as files")
struct WriteTests {
    /// Images of 16 × 16 in two classes, in deeper folders too, with a box and a point in the left half and a label map.
    private func prepare(_ folder: URL) throws {
        for number in 0..<12 {
            let name = "\(number % 2 == 0 ? "a" : "b")/\(number < 4 ? "deep/" : "")\(number)"
            for place in ["images", "labels"] {
                try FileManager.default.createDirectory(
                    at: folder.appending(path: "\(place)/\(name)").deletingLastPathComponent(),
                    withIntermediateDirectories: true)
            }
            let pixels: [UInt8] = (0..<256).flatMap { place -> [UInt8] in [UInt8(place % 16 * 16), UInt8(number), 0] }
            try PNGFile.write(
                DecodedImage(pixels: pixels, height: 16, width: 16, channels: 3),
                to: folder.appending(path: "images/\(name).png"))
            try Data("3 0.25 0.5 0.5 0.25 0.25 0.5 2 0.75 0.5 0\n".utf8).write(
                to: folder.appending(path: "labels/\(name).txt"))
            try PNGFile.write(
                DecodedImage(pixels: (0..<16).map { $0 % 4 == 0 ? 7 : 0 }, height: 4, width: 4, channels: 1),
                to: folder.appending(path: "labels/\(name).png"))
        }
        for (name, operation) in [
            ("flip", #""operation": "horizontalFlip""#), ("mix", #""operation": "cutMix", "alpha": 1"#),
            ("out", #""operation": "translate", "right": [-0.9, -0.9]"#),
        ] {
            try Data("{\"operations\": [{\(operation)}]}".utf8).write(to: folder.appending(path: "\(name).json"))
        }
    }

    private func files(_ folder: URL) -> [String] {
        let found = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return found.filter { $0.contains(".") }.sorted()
    }

    @Test("Every image, box, point and label map is written mirrored, each copy under its own name, and is read again")
    func mirrored() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(folder)
            let line = "augment write --data images --targets labels --image-size 16"
            let outcome = try retort.succeed("\(line) --policy flip.json --copies 2 --out o")
            let images = files(folder.appending(path: "o/images"))
            #expect(outcome.output == "o: \(images.count) images with \(images.count) boxes\n")
            #expect(
                images.count.isMultiple(of: 2) && images.allSatisfy { $0.hasSuffix("-1.png") || $0.hasSuffix("-2.png") }
            )
            let names = images.map { String($0.dropLast(4)) }
            #expect(files(folder.appending(path: "o/labels")) == names.flatMap { ["\($0).png", "\($0).txt"] })
            for name in names {
                let original = String(name.dropLast(2))
                let (before, after) = try (
                    PNGFile.read(folder.appending(path: "images/\(original).png")),
                    PNGFile.read(folder.appending(path: "o/images/\(name).png"))
                )
                #expect((0..<16).allSatisfy { after.pixels[3 * $0] == before.pixels[3 * (15 - $0)] }, "\(name)")
                #expect(
                    try String(contentsOf: folder.appending(path: "o/labels/\(name).txt"), encoding: .utf8)
                        == "3 0.750000 0.500000 0.500000 0.250000 0.750000 0.500000 2 0.000000 0.000000 0\n")
                let labels = try PNGFile.read(folder.appending(path: "o/labels/\(name).png"))
                #expect((0..<16).allSatisfy { labels.pixels[$0] == ($0 >= 12 ? 7 : 0) }, "\(labels.pixels.prefix(16))")
            }
            try retort.succeed("\(line) --policy flip.json --copies 2 --out again")
            for name in images {
                #expect(try retort.bytes("again/images/\(name)") == retort.bytes("o/images/\(name)"))
            }
            try retort.succeed("augment preview --policy flip.json --data o/images --targets o/labels --out s.png")
        }
    }

    @Test("A box that leaves its image is counted, and its line and points are gone")
    func left() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(folder)
            let outcome = try retort.succeed(
                "augment write --data images --targets labels --image-size 16 --policy out.json --out o --json"
            ).json()
            #expect(outcome["droppedBoxes"] as? Int == outcome["images"] as? Int && outcome["boxes"] as? Int == 0)
            let label = try #require(files(folder.appending(path: "o/labels")).first { $0.hasSuffix(".txt") })
            #expect(try retort.bytes("o/labels/\(label)").isEmpty)
        }
    }

    @Test(
        "A folder with files, mixed classes, and points of mixed images are refused; digits are written by their numbers"
    )
    func refusals() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(folder)
            try writeMini(to: folder)
            let full = try retort.fail("augment write --data images --policy flip.json --out images")
            #expect(full.status == 64 && full.errors.contains("--out"), "\(full.errors)")
            let mixed = try retort.fail("augment write --data images --policy mix.json --out o")
            #expect(mixed.status == 64 && mixed.errors.hasPrefix("Error: --policy: mixes images"), "\(mixed.errors)")
            let points = try retort.fail("augment write --data images --targets labels --policy mix.json --out p")
            #expect(points.status == 1 && points.errors.contains("points"), "\(points.errors)")
            try retort.succeed("augment write --data mini --policy flip.json --out digits --threads 2")
            #expect(files(folder.appending(path: "digits/images")).first?.hasPrefix("0/") == true)
        }
    }
}

import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: targets in a preview")
struct PreviewTargetTests {
    /// Twenty black images of 48 × 24 in two classes, two of them with annotations, and a policy that mirrors.
    private func prepare(_ folder: URL) throws {
        for number in 0..<20 {
            let place = folder.appending(path: "images/\(number % 2 == 0 ? "a" : "b")")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try PNGFile.write(black(height: 24, width: 48), to: place.appending(path: "\(number).png"))
        }
        for name in ["labels/a", "labels/b", "bare", "bad/a", "bad/b"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
        }
        for number in 0..<20 {
            let name = "\(number % 2 == 0 ? "a" : "b")/\(number)"
            // The left half from the top to a quarter, and a point at its centre.
            try Data("0 0.25 0.125 0.5 0.25 0.25 0.125 2\r\n\n".utf8).write(
                to: folder.appending(path: "labels/\(name).txt"))
            var labels = [UInt8](repeating: 0, count: 4 * 4)
            labels[3] = 1  // the upper right
            try PNGFile.write(
                DecodedImage(pixels: labels, height: 4, width: 4, channels: 1),
                to: folder.appending(path: "labels/\(name).png"))
        }
        try Data(#"{"operations": [{"operation": "horizontalFlip"}]}"#.utf8).write(
            to: folder.appending(path: "p.json"))
        try Data(#"{"operations": [{"operation": "mixUp", "alpha": 1}]}"#.utf8).write(
            to: folder.appending(path: "mix.json"))
    }

    private func black(height: Int, width: Int) -> DecodedImage {
        DecodedImage(
            pixels: [UInt8](repeating: 0, count: height * width * 3), height: height, width: width, channels: 3)
    }

    @Test("A box, a point or a label map that stays where it was while its image is mirrored, or is drawn elsewhere")
    func mirrored() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(folder)
            try FileManager.default.createDirectory(
                at: folder.appending(path: "half"), withIntermediateDirectories: false)
            try FileManager.default.copyItem(
                at: folder.appending(path: "labels/a"), to: folder.appending(path: "half/a"))
            let line = "augment preview --policy p.json --data images --image-size 96 --out s.png --targets"
            let half = try retort.succeed("\(line) half --samples 4")
            #expect(half.errors.contains("half: no file for 2 of the 4 images, such as b/"), "\(half.errors)")
            #expect(try retort.succeed("\(line) labels --samples 2").errors.isEmpty)
            let sheet = try PNGFile.read(folder.appending(path: "s.png"))
            // A column as it is and one mirrored, 96 pixels each.
            #expect((sheet.height, sheet.width) == (4 + 2 * 100, 4 + 2 * 100 + 8))
            func pixel(_ row: Int, _ column: Int, left: Int) -> [UInt8] {
                let place = ((104 + row) * sheet.width + left + column) * 3
                return Array(sheet.pixels[place..<place + 3])
            }
            let (orange, nothing, tint): ([UInt8], [UInt8], [UInt8]) = ([230, 159, 0], [0, 0, 0], [34, 72, 93])
            for row in 0..<24 { #expect(pixel(row, 0, left: 4) == orange && pixel(row, 95, left: 112) == orange) }
            for column in 0..<48 {
                #expect(pixel(23, column, left: 4) == orange && pixel(23, 95 - column, left: 112) == orange)
                #expect(pixel(24, column, left: 4) == nothing && pixel(24, 95 - column, left: 112) == nothing)
            }
            #expect(pixel(12, 24, left: 4) == orange && pixel(12, 72, left: 112) == orange)
            #expect(pixel(12, 90, left: 4) == tint && pixel(12, 5, left: 112) == tint)
            #expect(pixel(12, 60, left: 4) == nothing && pixel(12, 35, left: 112) == nothing)
        }
    }

    @Test(
        "A bad annotation names its file and line; what has no annotations at all, and what cannot have any, is refused"
    )
    func refusals() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(folder)
            let line = "augment preview --policy p.json --data images --samples 20 --out s.png --targets"
            for (text, reason) in [
                ("0 0.5 0.5 0.5", "bad/a/2.txt: line 2: 4 numbers found, class, x, y, width and height"),
                ("0 0.5 0.5 0.5 0.5 0.5", "line 2: 6 numbers found"), ("-1 0.5 0.5 1 1", "line 2: '-1' found"),
                ("cat 0.5 0.5 1 1", "line 2: 'cat' found, the number of a class"),
                ("0 0.5 half 1 1", "line 2: 'half' found, a finite number"),
                ("0 0.5 nan 1 1", "line 2: 'nan' found"), ("0 0.9 0.5 0.5 0.5", "line 2: edges"),
                ("0 0.5 0.5 0 1", "line 2: edges"),
                ("0 50 50 20 20", "line 2: 50 50 20 20 (pixels?) found, a box's centre"),
                ("0 0.5 0.5 1 1 2 0.5 1", "line 2: a point at 2.0, 0.5 found"),
                ("0 0.5 0.5 1 1 0.5 0.5 3", "line 2: visibility 3.0 found"),
            ] {
                try Data("0 0.5 0.5 1 1\n\(text)\n".utf8).write(to: folder.appending(path: "bad/a/2.txt"))
                let outcome = try retort.fail("\(line) bad")
                #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(text): \(outcome.errors)")
                #expect(outcome.errors.contains(reason), "\(text): \(outcome.errors)")
            }
            try FileManager.default.removeItem(at: folder.appending(path: "bad/a/2.txt"))
            // Of an image that is shown, so no one that is held out.
            let images = folder.appending(path: "images")
            let train = try DividedData(folder: images, size: ImageSize(height: 8, width: 8, channels: 3)).train
            let shown = try DividedData.trainingPaths(in: images)[try #require(train.sampleIDs.last)]
            try PNGFile.write(black(height: 4, width: 4), to: folder.appending(path: "bad/\(shown).png"))
            for (line, status, reason) in [
                ("\(line) bad", 1, "bad/\(shown).png: 3 channels found, a grey image"),
                ("\(line) bare", 1, ": nothing for the"),
                ("\(line) no/where", 1, "no/where: no such file or folder"),
                ("\(line) labels --skip-bad", 64, "--targets: has targets for all images"),
                ("\(line) labels --data digits", 64, "--targets: labels files of images, and --data digits has none"),
                ("\(line) labels --policy mix.json", 1, "an operation that mixes images by blending them found"),
            ] as [(String, Int32, String)] {
                let outcome = try retort.fail(line)
                #expect(outcome.status == status && outcome.errorLines.first?.contains(reason) == true, "\(outcome)")
            }
            #expect(try !retort.files().contains("s.png"))
        }
    }
}

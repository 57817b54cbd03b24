import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: augment")
struct AugmentCommandTests {
    private static let policy = """
        {"operations": [{"operation": "horizontalFlip", "probability": 0.5},
            {"operation": "oneOf", "of": [{"operation": "cutout", "size": 0.5}, {"operation": "gamma", "exponent": [2, 2]}]}]}
        """

    @Test(
        "preview: a sheet of as many rows and columns as it says, the same for the same seed, its first column as it is"
    )
    func preview() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try Data(Self.policy.utf8).write(to: folder.appending(path: "p.json"))
            let line = "augment preview --policy p.json --data mini --samples 3 --strengths 0.5,1 --json --out"
            let result = try retort.succeed("\(line) sheet.png").json()
            let columns = try #require(result["columns"] as? [[String: Any]])
            // As it is, a flip, which has no strength, two operations at two strengths, the whole.
            #expect(columns.count == 7 && result["rows"] as? Int == 3)
            #expect(columns[2]["place"] as? String == "operations[1].of[0]")
            #expect(columns[2]["title"] as? String == "operations[1].of[0] cutout, strength 0.5")
            let sheet = try PNGFile.read(folder.appending(path: "sheet.png"))
            // Images of 28 four times as large, gaps of 4 about each, 8 more before each of the last four groups.
            #expect((sheet.height, sheet.width, sheet.channels) == (4 + 3 * 116, 4 + 7 * 116 + 4 * 8, 3))
            let data = try mini.get().train
            let first = (0..<28).flatMap { row in
                (0..<28).map { column in sheet.pixels[((4 + 4 * row + 3) * sheet.width + 4 + 4 * column + 3) * 3] }
            }
            #expect(data.placesByClass[0].contains { data.image($0).pixels == first })
            try retort.succeed("\(line) again.png")
            #expect(try retort.bytes("sheet.png") == retort.bytes("again.png"))
            try retort.succeed("\(line) other.png --seed 1")
            #expect(try retort.bytes("sheet.png") != retort.bytes("other.png"))
        }
    }

    @Test("cost: predicts, measures, keeps its calibration and writes a policy that fits")
    func cost() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Data(Self.policy.utf8).write(to: folder.appending(path: "p.json"))
            let line = "augment cost --policy p.json --image-size 8 --channels 1 --calibration c.json --json"
            let found = try retort.succeed(line).json()
            #expect((found["predicted"] as? Double ?? 0) > 0 && (found["measured"] as? Double ?? 0) > 0)
            #expect((found["operations"] as? [Any])?.count == 3)
            let calibration = try retort.bytes("c.json")
            let fitted = try retort.succeed("\(line) --budget 1e6 --out q.json").json()
            #expect(try retort.bytes("c.json") == calibration)
            #expect((fitted["changes"] as? [String]) == [])
            #expect(
                try AugmentationPolicy(json: retort.bytes("q.json")) == AugmentationPolicy(json: Data(Self.policy.utf8))
            )
        }
    }

    @Test("wrong usage and bad input name the option, or the file and the place in it; nothing is written")
    func refusals() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Data(Self.policy.utf8).write(to: folder.appending(path: "p.json"))
            try Data(#"{"operations": [{"operation": "cutout", "size": 2}]}"#.utf8).write(
                to: folder.appending(path: "bad"))
            try Data("{}".utf8).write(to: folder.appending(path: "c"))
            let before = try retort.files()
            for (line, status, reason) in [
                ("augment preview --policy p.json", 64, "--out"),
                ("augment preview --policy p.json --out x --samples 0", 64, "--samples: 0 found"),
                ("augment preview --policy p.json --out x --strengths 1,,2", 64, "--strengths: '1,,2' found"),
                ("augment preview --policy p.json --out x --strengths 9", 64, "--strengths: '9' found"),
                ("augment preview --policy none --out x", 64, "--policy: 'none' found, digits, ocr"),
                ("augment preview --policy bad --out x", 1, "bad: operations[0].size: 2 found, a number within 0…1"),
                ("augment preview --policy p.json --data nowhere --out x", 1, "nowhere: no such file or folder"),
                ("augment cost --policy gone.json", 1, "--policy: there is no file gone.json"),
                ("augment preview --policy p.json --out none/x", 1, "cannot be written"),
                ("augment cost --policy p.json --out x", 64, "--out: gets the policy that fits a --budget"),
                ("augment cost --policy p.json --image-size 0", 64, "--image-size: 0 found"),
                ("augment cost --policy p.json --calibration c", 1, "c: text that does not describe costs found"),
                ("augment cost --policy bad", 1, "bad: operations[0].size"),
            ] as [(String, Int32, String)] {
                let outcome = try retort.fail(line)
                #expect(outcome.status == status && outcome.output.isEmpty, "\(line): \(outcome.status)")
                #expect(outcome.errorLines.first?.contains(reason) == true, "\(line): \(outcome.errors)")
                #expect(try retort.files() == before, "\(line) left a file")
            }
        }
    }

    @Test("a bad image stops a command, and is left out and counted when asked", arguments: [false, true])
    func skipBad(isAsked: Bool) throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Data(Self.policy.utf8).write(to: folder.appending(path: "p.json"))
            let test = try mini.get().test
            for number in 0..<20 {
                let place = "images/\(number % 2)"
                try FileManager.default.createDirectory(
                    at: folder.appending(path: place), withIntermediateDirectories: true)
                try PNGFile.write(test.image(number), to: folder.appending(path: "\(place)/\(number).png"))
            }
            try Data("no image".utf8).write(to: folder.appending(path: "images/1/3.png"))
            let line = "augment preview --policy p.json --data images --image-size 16 --out x.png"
            let outcome = try isAsked ? retort.succeed("\(line) --skip-bad") : retort.fail(line)
            #expect(outcome.status == (isAsked ? 0 : 1))
            #expect(outcome.errorLines.count == (isAsked ? 2 : 1) && outcome.errors.contains("images/1/3.png"))
            #expect(outcome.errors.contains("1 file left out") == isAsked)
        }
    }
}

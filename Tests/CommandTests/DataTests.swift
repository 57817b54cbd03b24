import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: folders of images that change, hold other things, or fail")
struct DataTests {
    static let quick = "--image-size 8 --architecture mlp-4 --steps 3 --batch 8 --threads 1"

    /// Writes images of chance, which nothing but memory tells apart, `CLASS/NUMBER.png`.
    static func write(_ classes: [String], _ count: Int, to folder: URL) throws {
        try writeImages(classes.map { ($0, count) }, to: folder) { label, number in
            var random = Philox(seed: UInt64(label), sample: number)
            return (8, (0..<192).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) })
        }
    }

    @Test("what a model was trained on never becomes a test image, whatever comes or goes in the folder")
    func held() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            let data = folder.appending(path: "d")
            try Self.write(["heads", "tails"], 20, to: data)
            try retort.succeed("train --data d \(Self.quick) --output m")
            #expect(try retort.succeed("info m").output.contains("held out by the names of class and file"))
            func tested() throws -> [Int] {
                let json = try retort.succeed("evaluate m --data d --skip-bad --json").json()
                return (json["confusion"] as? [[Int]] ?? []).flatMap { $0 }
            }
            let before = try tested()
            // A copy, which may be tested or not; then files that no test image is among, one gone and one bad.
            for name in ["heads", "tails"] {
                let copy = data.appending(path: "\(name)/zzz.png")
                try FileManager.default.copyItem(at: data.appending(path: "\(name)/0.png"), to: copy)
            }
            let added = try tested()
            #expect(zip(before, added).reduce(0) { $0 + abs($1.0 - $1.1) } <= 2)
            for name in ["heads", "tails"] {
                try FileManager.default.removeItem(at: data.appending(path: "\(name)/zzz.png"))
            }
            let kept = try DividedData(folder: data, size: ImageSize(height: 8, width: 8, channels: 3)).train.sampleIDs
            try FileManager.default.removeItem(at: data.appending(path: "heads/\(Self.name(kept[0]))"))
            try Data("bad".utf8).write(to: data.appending(path: "heads/\(Self.name(kept[1]))"))
            #expect(try tested() == before)
        }
    }

    /// The file of a sample id among 20 files in the order of their names.
    private static func name(_ id: Int) -> String { "\((0..<20).map(String.init).sorted()[id % 20]).png" }

    @Test("a model written with the earlier rule is tested, quantised and taught from on the split that it had")
    func earlier() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            let data = folder.appending(path: "d")
            try Self.write(["heads", "tails"], 20, to: data)
            try retort.succeed("train --data d \(Self.quick) --output m")
            let file = try ModelFile.read(folder.appending(path: "m"))
            var description = file.description
            description.heldOut = .byPlace
            try ModelFile(try #require(file.module), inputShape: file.inputShape, description: description)
                .write(to: folder.appending(path: "old"))
            let size = ImageSize(height: 8, width: 8, channels: 3)
            let count = try DividedData(folder: data, size: size, heldOut: .byPlace).test.count
            #expect(count == 8)
            #expect(try retort.succeed("evaluate old --data d --json").json()["images"] as? Int == count)
            try retort.succeed("quantize old --data d --calibration 10 --output int8")
            try retort.succeed("distill --teacher old --data d \(Self.quick) --output student")
            for name in ["old", "int8", "student"] {
                #expect(try retort.succeed("info \(name)").output.contains("held out by place in the folder"))
            }
            let mixed = try retort.fail("distill --teacher old --teacher m --data d \(Self.quick) --output x")
            #expect(mixed.status == 1 && mixed.errors.contains(": its images were held out by the names"))
        }
    }

    @Test("files left out are told before the work and in its result, by class, in words and JSON")
    func leftOut() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Self.write(["heads", "tails"], 12, to: folder.appending(path: "d"))
            for number in 0..<3 { try Data("x".utf8).write(to: folder.appending(path: "d/tails/\(number).png")) }
            let line = "train --data d \(Self.quick) --output m"
            let refused = try retort.fail(line)
            #expect(refused.status == 1 && refused.errors.contains("d/tails/0.png: at byte 0: a text file found"))
            let words = try retort.succeed(line + " --skip-bad")
            #expect(words.output.contains("\n3 files left out (3 of 12 in tails)\n"))
            #expect(words.errors.contains("  d/tails/2.png: a text file\n"))
            for command in [line, "evaluate m --data d", "quantize m --data d --output i --calibration 50"] {
                let notes = try retort.succeed(command + " --skip-bad --json").json()["notes"] as? [String: Any]
                #expect((notes?["leftOut"] as? [String: Any])?["count"] as? Int == 3, "\(command)")
            }
        }
    }

    @Test("a machine that fails is told, and leaves no file out")
    func machine() throws {
        try withTemporaryFolder { folder in
            try Self.write(["heads", "tails"], 6, to: folder.appending(path: "d"))
            // 196 million pixels, which need one byte each in grey, and half as much again to be made smaller.
            let side = 14_000
            try PNGFile.write(
                DecodedImage(pixels: [UInt8](repeating: 0, count: side * side), height: side, width: side, channels: 1),
                to: folder.appending(path: "d/heads/huge.png"))
            let shell = CommandLine(executable: URL(filePath: "/bin/sh"), folder: folder)
            let retort = CommandLine(folder: folder).executable.path
            let line = "exec '\(retort)' train --data d \(Self.quick) --output m --skip-bad"
            let outcome = try shell.run(["-c", "ulimit -v 560000; \(line)"])
            #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(outcome.errors)")
            #expect(outcome.errors.contains("d/heads/huge.png: needs "), "\(outcome.errors)")
            #expect(try CommandLine(folder: folder).files() == ["d"])
            // By a limit on pixels, which is the user's, the same file is a bad one.
            let limited = try CommandLine(folder: folder).run(
                "train --data d \(Self.quick) --output m --skip-bad".words, environment: ["RETORT_PIXELS": "1000000"])
            #expect(limited.status == 0 && limited.output.contains("1 file left out (1 of 7 in heads)"))
        }
    }

    @Test("classes of a model are matched by name, also where the folder's order is another")
    func order() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Self.write(["heads", "tails"], 10, to: folder.appending(path: "d"))
            try retort.succeed("train --data d \(Self.quick) --output m")
            let file = try ModelFile.read(folder.appending(path: "m"))
            var description = file.description
            description.classNames.reverse()
            try ModelFile(try #require(file.module), inputShape: file.inputShape, description: description)
                .write(to: folder.appending(path: "turned"))
            let (straight, turned) = (
                try retort.succeed("evaluate m --data d --json").json(),
                try retort.succeed("evaluate turned --data d --json").json()
            )
            let counts = [straight, turned].map { $0["confusion"] as? [[Int]] ?? [] }
            // The outputs' names were exchanged and the network was not: rows are of the other class.
            #expect(counts[1].count == 2 && counts[0] == [counts[1][1], counts[1][0]])
            try FileManager.default.moveItem(
                at: folder.appending(path: "d/tails"), to: folder.appending(path: "d/tales"))
            let other = try retort.fail("evaluate m --data d")
            #expect(other.status == 1 && other.errors.contains("tails is in the model alone"), "\(other.errors)")
        }
    }

    @Test("a loss that nobody measured is null, and ranges say how many images they are from")
    func counts() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Self.write(["heads", "tails"], 2, to: folder.appending(path: "d"))
            try Self.write(["sides"], 10, to: folder.appending(path: "d"))
            let trained = try retort.succeed("train --data d \(Self.quick) --output m")
            #expect(trained.output.contains("d: 1 of 3 classes are tested, heads has no test image"))
            let json = try retort.succeed("evaluate m --data d --json").json()
            let classes = try #require(json["classes"] as? [[String: Any]])
            #expect(classes.map { $0["loss"] is Double } == [false, true, false])
            let int8 = try retort.succeed("quantize m --data d --output i --calibration 500")
            #expect(int8.output.contains(" training images (500 asked for)"))
        }
    }
}

import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: nothing is steered, chosen or taught without evidence")
struct EvidenceTests {
    /// Writes classes of grey images, of one brightness each.
    private func write(_ classes: [(name: String, count: Int)], to name: String, in folder: URL) throws {
        try writeImages(classes, to: folder.appending(path: name)) { label, number in
            (8, [UInt8](repeating: UInt8(40 + 50 * label + number), count: 64))
        }
    }

    private static let small = "--image-size 8 --grey --architecture mlp-8 --steps 4 --batch 4 --threads 1"

    @Test("Where no image is held out for validation, what would go by it is refused, and .best is told to be absent")
    func noValidation() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            // One image of each class is left to train on: no part of it can be held out.
            try write([("cat", 1), ("dog", 1)], to: "d/train", in: folder)
            try write([("cat", 2), ("dog", 2)], to: "d/test", in: folder)
            let trained = try retort.succeed("train --data d \(Self.small) --output t --checkpoint k")
            #expect(trained.errors.contains("k.best is not kept: no image is held out for validation"))
            #expect(try !retort.files().contains("k.best"))
            try Data("loop: article\n".utf8).write(to: folder.appending(path: "r.yaml"))
            let before = try retort.files()
            for (line, place) in [
                ("distill --teacher t --data d \(Self.small) --output x --loop article", "--loop"),
                (
                    "distill --teacher t --data d \(Self.small) --output x --recipe r.yaml",
                    "r.yaml: line 1: loop"
                ),
                (
                    "distill --teacher t --data d \(Self.small) --output x --controllers [{controller:class}]",
                    "--controllers"
                ),
                ("distill --teacher t --data d \(Self.small) --output x --temperatures [1,2]", "--temperatures"),
                ("prune t --data d --to flops:0.5 --scan --output x", "--scan"),
                ("demo --data d --output demo --labels 2 --steps 20", "--data"),
            ] {
                let arguments = line.words.map { $0.replacing("controller:class", with: "controller: class") }
                let outcome = try retort.run(arguments)
                #expect(outcome.status == (place.hasPrefix("--") ? 64 : 1), "\(line): \(outcome.errors)")
                #expect(
                    outcome.errors.hasPrefix(
                        "Error: \(place): no image is held out for validation: a class needs 2 training images or more\n"
                    ))
                #expect(try retort.files() == before)
            }
        }
    }

    @Test("One class teaches nothing: train, distill and demo refuse it, also for a loss that needs two")
    func oneClass() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try write([("cat", 40)], to: "one", in: folder)
            for line in [
                "train --data one \(Self.small) --output x",
                "distill --mean-teacher 0.5 --data one --loss dkd \(Self.small) --output x",
                "distill --mutual mlp-4 --data one \(Self.small) --output x", "demo --data one --output demo",
            ] {
                let outcome = try retort.fail(line)
                let error =
                    "Error: one: 1 class (cat) found, 2 or more expected; a folder of images has a folder for each class"
                #expect(outcome.status == 1 && outcome.errors == "\(error)\n")
                #expect(try retort.files() == ["one"])
            }
            // One is counted in the singular.
            try write([("cat", 12), ("dog", 12)], to: "two", in: folder)
            try retort.succeed("train --data two \(Self.small) --output m")
            let other = try retort.fail("evaluate m --data one").errors
            #expect(
                other.contains("a model of 2 classes (cat, dog) found, one of 1 class (cat) as in one expected"),
                "\(other)")
            let few = try retort.fail("train --data two --labels 1 \(Self.small) --output x").errors
            #expect(!few.contains("1 images") && !few.contains("1 labels"), "\(few)")
            let once = try retort.succeed("train --data two --image-size 8 --architecture mlp-4 --steps 1 --output x")
            #expect(once.output.contains(" 1 step on "), "\(once.output)")
        }
    }

    @Test("Names of classes stand in columns, whole, and their control characters are escapes")
    func names() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            let names = ["a\nb\u{1B}[31m", "x\u{7F}\u{202E}", "été", "犬のなかま", "🐱"]
            try write(names.map { ($0, 12) }, to: "d", in: folder)
            try retort.succeed("train --data d \(Self.small) --output m")
            let lines = try retort.succeed("evaluate m --data d").output.split(separator: "\n").dropFirst()
            let shown = [
                "a\\nb\\u{1b}[31m ", "x\\u{7f}\\u{202e}", "été            ", "犬のなかま     ", "🐱             ",
            ]
            #expect(lines.count == 5)
            let classes = try #require(
                retort.succeed("evaluate m --data d --json").json()["classes"] as? [[String: Any]])
            #expect(classes.map { $0["name"] as? String } == names)
            for (line, name) in zip(lines, shown) { #expect(line.hasPrefix(name + "  "), "\(line)") }
            #expect(try !retort.succeed("info m").output.contains("\u{1B}"))
            let predicted = try retort.succeed("predict m d/été/1.png").output
            #expect(predicted.split(separator: "\n").count == 1 && !predicted.contains("\u{1B}"))
        }
    }

    @Test("A budget that --multiple keeps out of reach is told with what to try, and scales where there are none")
    func prune() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture convnet-8 --steps 1 --output m")
            try retort.succeed("train --data mini --architecture mlp-8 --steps 1 --output plain")
            for (line, reason) in [
                (
                    "prune m --to flops:0.01",
                    "; with --multiple 8, layers of fewer than 16 channels are not cut: try --multiple 1"
                ),
                ("prune m --to bytes:9 --multiple 4", "with --multiple 4, layers of fewer than 8 channels are not cut"),
                (
                    "prune m --to flops:0.001 --multiple 1",
                    "--to: flops:0.001: 0.001 of the multiply-adds cannot be reached: at least 0."
                ),
                ("prune plain --to flops:0.5 --importance scale", "--importance: scale found, l1 or taylor expected"),
            ] {
                let outcome = try retort.fail("\(line) --data mini --steps 0 --output x")
                #expect(outcome.status == 64 && outcome.errors.contains(reason), "\(line): \(outcome.errors)")
            }
        }
    }
}

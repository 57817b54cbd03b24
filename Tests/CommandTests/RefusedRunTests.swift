import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: runs that are refused, or tell what is wrong with them")
struct RefusedRunTests {
    /// Folders of small grey images, so many of each class.
    private static func write(_ classes: Int, to folder: URL, side: Int = 4) throws {
        try writeImages((0..<classes).map { ("class \($0)", 20) }, to: folder) { label, number in
            (side, (0..<side * side).map { UInt8(truncatingIfNeeded: 100 * label + number + 7 * $0) })
        }
    }

    @Test("A second run on a checkpoint or an output is told so at once; the first is not disturbed")
    func twoRuns() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            let line = "train --data mini --architecture mlp-4 --steps 60000 --threads 1"
            let log = folder.appending(path: "state").appendingPathExtension("steps").path
            let first = try retort.run("\(line) --checkpoint state --checkpoint-every 10 --output one".words) {
                process, _ in
                while process.isRunning, !FileManager.default.fileExists(atPath: log) { usleep(500) }
                for (options, name) in [("--checkpoint state --output two", "state"), ("--output one", "one")] {
                    let second = try retort.fail("\(line) \(options)")
                    #expect(second.status == 1 && second.output.isEmpty && second.errorLines.count == 1)
                    #expect(
                        second.errors.contains("\(name): cannot be written: another run is using it"),
                        "\(second.errors)")
                }
                kill(process.processIdentifier, SIGTERM)
            }
            #expect(first.status == 143 || first.status == 0, "\(first.errors)")
            #expect(!(try retort.files()).contains { $0.hasSuffix(".lock") })
        }
    }

    @Test(
        "One class, and a batch of one image whose normalization would see a single value, end with an error before work"
    )
    func nothingToLearn() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Self.write(1, to: folder.appending(path: "one"))
            try Self.write(2, to: folder.appending(path: "two"))
            for (line, reason, status) in [
                ("--data one --architecture mlp-4", "1 class (class 0) found, 2 or more expected", 1),
                ("--data two --architecture resnet-8 --batch 1", "--batch: 1 image with a map of 1×1 in stage3", 64),
                ("--data two --architecture resnet-8 --batch 65536 --image-size 512", "needs ", 1),
            ] as [(String, String, Int32)] {
                let size = line.contains("--image-size") ? "" : " --image-size 4"
                let outcome = try retort.fail("train \(line)\(size) --steps 30 --output m")
                #expect(outcome.status == status, "\(line): \(outcome.errors)")
                #expect(outcome.errorLines.first?.contains(reason) == true, "\(line): \(outcome.errors)")
                #expect(try retort.files() == ["one", "two"])
            }
        }
    }

    @Test("Errors of a checkpoint and its log name the files as they were given, and not from the root on")
    func paths() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try FileManager.default.createDirectory(
                at: folder.appending(path: "runs"), withIntermediateDirectories: false)
            let line = "train --labels 100 --architecture mlp-4 --steps 6 --output m"
            let log = folder.appending(path: "runs/k.steps")
            func refusal(_ checkpoint: String = "runs/k") throws -> String {
                let outcome = try retort.fail("\(line) --checkpoint \(checkpoint)")
                #expect(outcome.status == 1 && outcome.errorLines.count == 1)
                return outcome.errors
            }
            try Data("notes of mine\n".utf8).write(to: log)
            #expect(try refusal().hasPrefix("Error: runs/k.steps: cannot be written: exists and is no log of steps"))
            try FileManager.default.removeItem(at: log)
            try retort.succeed("\(line) --checkpoint runs/k")
            let whole = try Data(contentsOf: log)
            try whole.dropLast().write(to: log)
            #expect(try refusal().hasPrefix("Error: runs/k.steps: not the log that the checkpoint was written with ("))
            try FileManager.default.removeItem(at: log)
            #expect(
                try refusal("./runs/k").hasPrefix("Error: ./runs/k.steps: no such file, the log that the checkpoint"))
            #expect(try refusal(folder.path + "/runs/k").hasPrefix("Error: \(folder.path)/runs/k.steps: no such file"))
            try whole.write(to: log)
            try Data("x".utf8).write(to: folder.appending(path: "runs/k"))
            #expect(
                try refusal().hasPrefix(
                    "Error: runs/k: a text file found, a checkpoint, or the name of a new file, expected"))
        }
    }

    @Test("A run that diverged, and one with other settings than its checkpoint, say what to change")
    func otherSettings() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture mlp-4 --steps 20 --output teacher")
            let line = "distill --teacher teacher --data mini --architecture mlp-8 --checkpoint state --output m"
            let diverged = try retort.fail("\(line) --loss mse --steps 400 --learning-rate 100")
            #expect(diverged.status == 1 && diverged.errors.contains("try a lower --learning-rate (100.0 found)"))
            #expect(diverged.errors.contains("with another --checkpoint, as state goes on with this rate alone"))
            let other = try retort.fail("\(line) --loss mse --steps 200 --learning-rate 100")
            #expect(other.status == 1 && other.errors.contains("the state of another run: "), "\(other.errors)")
            #expect(other.errors.contains("it has --steps 400; this one has --steps 200; go on"), "\(other.errors)")
        }
    }
}

import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: quantize")
struct QuantizeTests {
    /// A folder with images and a teacher that has learnt something.
    static func withTeacher(_ body: (CommandLine) throws -> Void) throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed(
                "train --data mini --architecture convnet-4 --steps 40 --output teacher.safetensors")
            try body(retort)
        }
    }

    /// Quantises on 120 images, which are two batches: of one the moving average is the range.
    static func quantize(_ retort: CommandLine, _ options: String) throws -> (file: Data, report: [String: Any]) {
        let report = try retort.succeed(
            "quantize teacher.safetensors --data mini --calibration 120 --output int8 --json \(options)"
        ).json()
        return (try retort.bytes("int8"), report)
    }

    @Test("every observer is reached: of six at most two make the same file, and those that cut another than minmax")
    func observers() throws {
        try Self.withTeacher { retort in
            let files = try ["percentile", "minmax", "average", "mse", "entropy", "search"].map {
                try Self.quantize(retort, "--observer \($0)").file
            }
            #expect(files[0] != files[1] && files[4] != files[1])
            #expect(Set(files).count >= 5)
        }
    }

    @Test("a layer's name in the table is one that --keep-fp32 takes, and the table says what its columns are")
    func names() throws {
        try Self.withTeacher { retort in
            let layers = try #require(Self.quantize(retort, "").report["layers"] as? [[String: Any]])
            let dense = try #require(layers.last { $0["operation"] as? String == "dense" }?["name"] as? String)
            let kept = try #require(Self.quantize(retort, "--keep-fp32 \(dense)").report["layers"] as? [[String: Any]])
            #expect(kept.filter { $0["floatReason"] != nil }.map { $0["name"] as? String } == [dense])
            let line = "quantize teacher.safetensors --data mini --calibration 20 --output y"
            let text = try retort.succeed(line).output
            for part in [
                "plain rounding  this model", "\nplain rounding: weights rounded to nearest", "agreement  weights",
                "\nagreement: test images of which", "y: file of ", "\ncalibrated on 20 of ",
                "quantised (minmax, repaired), INT8",
            ] { #expect(text.contains(part), "\(part): \(text)") }
            #expect(text.split(separator: "\n").contains { $0.hasPrefix(dense) })
        }
    }

    @Test("repairs and equalisation are what their options say; the table has each layer rounded alone, and as it is")
    func repairs() throws {
        try Self.withTeacher { retort in
            func column(_ report: [String: Any], _ name: String) throws -> [Double] {
                try #require(report["layers"] as? [[String: Any]]).compactMap { $0[name] as? Double }
            }
            let both = try Self.quantize(retort, "")
            let none = try Self.quantize(retort, "--no-repair")
            let equal = try Self.quantize(retort, "--equalize")
            #expect(Set([both.file, none.file, equal.file]).count == 3)
            let alone = try column(both.report, "roundedSignalToNoise")
            #expect(try alone == column(none.report, "signalToNoise") && alone.count == 8)
            #expect(try column(both.report, "signalToNoise") != alone)
            // Against the equalised network, not the one before: channels of another size would look like noise.
            #expect(try column(equal.report, "roundedSignalToNoise") == alone)
            #expect(try column(equal.report, "signalToNoise").allSatisfy { $0 > 15 })
        }
    }

    @Test("training with rounding in place: rates, teachers, labels and augmentation matter, seeds repeat, zeros stay")
    func training() throws {
        try Self.withTeacher { retort in
            try retort.succeed("train --data mini --architecture mlp-8 --steps 3 --output other.safetensors")
            // Normalised otherwise.
            try retort.succeed("train --data digits --architecture mlp-8 --steps 2 --output stranger.safetensors")
            let line = "--qat 4"
            let first = try Self.quantize(retort, line)
            #expect(try Self.quantize(retort, line).file == first.file)
            var files: Set = [first.file, try Self.quantize(retort, "").file]
            for options in [
                "--learning-rate 0.05", "--teacher other.safetensors", "--teacher stranger.safetensors",
                "--hard-label-weight 1", "--augment digits",
                "--seed 1", "--observer percentile",
            ] {
                let (file, report) = try Self.quantize(retort, "\(line) \(options)")
                #expect(files.insert(file).inserted, "\(options)")
                #expect((report["layers"] as? [[String: Any]])?.count == 8)
            }
            let pruned = try Self.quantize(retort, "\(line) --prune 0.5")
            #expect((pruned.report["sparsity"] as? Double).map { abs($0 - 0.5) < 0.01 } == true)
        }
    }
}

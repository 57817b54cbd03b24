import Foundation
import TestSupport
import Testing

@Suite("Commands: distillation by evidence")
struct LoopTests {
    @Test(
        "Each decision is told with its evidence, in text and JSON; a weight that was given stays; what clashes is refused"
    )
    func evidence() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeImages([("few", 12), ("many", 90)], to: folder.appending(path: "d")) { label, number in
                (8, (0..<64).map { UInt8(($0 * 7 + number * 5) % 60 + 120 * label) })
            }
            try retort.succeed("train --data d --image-size 8 --grey --architecture mlp-8 --steps 60 --output t")
            let line = "distill --teacher t --data d --architecture mlp-4 --steps 20 --batch 8 --augment ocr --output s"
            let outcome = try retort.succeed("\(line) --loop evidence --json")
            let lines = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("loop: ") }
            #expect(lines.count == 4, "\(outcome.errors)")
            #expect(lines[0].hasPrefix("loop: classes: all drawn alike instead of drawn as they come; the least has "))
            #expect(lines[1].hasPrefix("loop: labels: used; the teacher reads "))
            #expect(
                lines[2]
                    == "loop: teacher: left once the student reads better; validation compares them after each epoch")
            #expect(lines[3].hasPrefix("loop: strength: "))
            let result = try outcome.json()
            let decisions = try #require(result["decisions"] as? [[String: Any]])
            #expect(decisions.map { $0["setting"] as? String } == ["classes", "labels", "teacher", "strength"])
            // Without the loop, and with a weight of one's own.
            #expect(try !retort.succeed("\(line) --json").json().keys.contains("decisions"))
            let given = try retort.succeed("\(line) --loop evidence --hard-label-weight 0.4 --json").json()
            let epochs = try #require(given["epochs"] as? [[String: Any]])
            #expect(epochs.count == 20)
            for (options, reason) in [
                ("--gate 0.5", "--gate: steers instead of --loop evidence; leave one of the two out"),
                ("--candidates 2", "--candidates: steers instead of --loop evidence; leave one of the two out"),
                ("--mean-teacher 0.9", "--loop: measures a teacher that stays as it is"),
                ("--controllers []", "--controllers: steers instead of --loop evidence; leave one of the two out"),
            ] {
                let refused = try retort.fail("\(line) --loop evidence \(options)")
                #expect(refused.status == 64 && refused.errors.contains(reason), "\(refused.errors)")
            }
        }
    }
}

import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: texts with marks, other encodings, and more in them than there seems")
struct TextInputTests {
    @Test("A recipe is the same with a mark before it and with every end of lines; UTF-16 is named")
    func recipes() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            let text = "steps: 7\nbatch: 5\n"
            let plain = try retort.succeed("train --output x --steps 7 --batch 5 --print-recipe").output
            for variant in ["\u{FEFF}" + text, text.replacing("\n", with: "\r\n"), text.replacing("\n", with: "\r")] {
                try Data(variant.utf8).write(to: folder.appending(path: "r.yaml"))
                #expect(try retort.succeed("train --output x --recipe r.yaml --print-recipe").output == plain)
            }
            try #require(text.data(using: .utf16)).write(to: folder.appending(path: "r.yaml"))
            let outcome = try retort.fail("train --output x --recipe r.yaml")
            #expect(outcome.status == 1)
            #expect(
                outcome.errorLines.first
                    == "Error: r.yaml: text in UTF-16 found, text in UTF-8 expected; save it in UTF-8, or by iconv -t UTF-8"
            )
        }
    }

    @Test("So is a policy, and a table of costs")
    func policies() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            func write(_ text: String, _ encoding: String.Encoding = .utf8) throws {
                try #require(text.data(using: encoding)).write(to: folder.appending(path: "p.json"))
            }
            let policy = #"{"operations": []}"#
            try write("\u{FEFF}" + policy)
            let line = "augment cost --policy p.json --image-size 8 --calibration c.json"
            try retort.succeed(line)
            let costs = try retort.bytes("c.json")
            try (Data([0xEF, 0xBB, 0xBF]) + costs).write(to: folder.appending(path: "c.json"))
            try retort.succeed(line)
            try write(policy, .utf16LittleEndian)
            let outcome = try retort.fail(line)
            #expect(outcome.status == 1)
            #expect(
                outcome.errors
                    == "Error: p.json: text in UTF-16 found, text in UTF-8 expected; save it in UTF-8, or by iconv -t UTF-8\n"
            )
        }
    }

    @Test("Aliases that stand for ten million values are counted, not written out; so are those of a key")
    func aliases() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            for (key, first) in [
                ("augment:\n  operations:", "{operation: invert}"), ("controllers:", "{controller: class}"),
                ("hints:", "{stage: stage1}"),
            ] {
                var lines = ["\(key)", "    - &a0 \(first)"]
                for level in 1...8 {
                    let list = [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
                    lines.append("    - &a\(level) {operation: allOf, of: [\(list)]}")
                }
                try Data(lines.joined(separator: "\n").utf8).write(to: folder.appending(path: "r.yaml"))
                let outcome = try retort.fail("distill --teacher t --output x --recipe r.yaml")
                #expect(outcome.status == 1 && outcome.errorLines.count == 1)
                #expect(outcome.errors.contains("values found, aliases followed; fewer expected"), "\(outcome.errors)")
            }
        }
    }
}

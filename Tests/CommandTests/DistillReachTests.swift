import Foundation
import Retort
import TestSupport
import Testing

/// What `retort distill` has of the library beside outputs and hints: each trains, and shows in what the run says of itself.
@Suite("Commands: every way to teach")
struct DistillReachTests {
    private static let line = "distill --data mini --architecture convnet-4 --steps 20 --batch 10 --json"

    private func run(_ arguments: [String]) throws -> (epochs: [[String: Any]], bytes: Data) {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture convnet-4 --steps 3 --output t")
            let outcome = try retort.run(
                Self.line.split(separator: " ").map(String.init) + ["--output", "a"] + arguments)
            #expect(outcome.status == 0, "\(outcome.errors)")
            let json = try outcome.json()
            // A recipe says all of it: the run again gives the same file.
            let recipe = try #require(json["recipe"] as? String)
            try Data(recipe.replacing("output: a", with: "output: b").utf8).write(to: folder.appending(path: "r.yaml"))
            try retort.succeed("distill --recipe r.yaml")
            let bytes = try retort.bytes("a")
            if !arguments.contains("--candidates") { #expect(try retort.bytes("b") == bytes, "\(recipe)") }
            return (try #require(json["epochs"] as? [[String: Any]]), Data(bytes))
        }
    }

    private func terms(_ epochs: [[String: Any]]) throws -> Set<String> {
        Set(try #require(epochs.last?["terms"] as? [String: Double]).keys)
    }

    @Test("contrasts are learnt beside the outputs")
    func contrasts() throws {
        let epochs = try run(["--teacher", "t", "--contrasts", "[{stage: stage2, weight: 0.1, negatives: 8}]"]).epochs
        #expect(try terms(epochs) == ["crossEntropy", "response", "contrast stage2"])
    }

    @Test("a curriculum moves the temperature from where it starts")
    func curriculum() throws {
        let options = [
            "--teacher", "t", "--temperature", "3", "--curriculum",
            "{lowest: 1, highest: 6, reversal: {schedule: constant, value: 1}}",
        ]
        let epochs = try run(options).epochs
        let temperatures = epochs.compactMap { $0["temperature"] as? Double }
        #expect(temperatures.count == 20 && temperatures[0] == 3 && temperatures[19] != 3)
    }

    @Test(
        "a temperature is searched, a mean teacher teaches alone and beside another, and two students teach each other")
    func teachers() throws {
        let plain = try run(["--teacher", "t"]).bytes
        let found = try run(["--teacher", "t", "--temperatures", "[20]"])
        #expect(found.epochs.last?["temperature"] as? Double == 20)
        let alone = try run(["--mean-teacher", "0.9"])
        let beside = try run(["--teacher", "t", "--mean-teacher", "0.9"])
        let mutual = try run(["--mutual", "mlp-8", "--temperature", "1"])
        #expect(try terms(alone.epochs) == ["crossEntropy", "response"])
        #expect(try terms(mutual.epochs) == ["crossEntropy", "response"])
        #expect(Set([plain, found.bytes, alone.bytes, beside.bytes, mutual.bytes]).count == 5)
    }

    @Test("a gate judges views, and views are chosen among candidates")
    func views() throws {
        let options = ["--teacher", "t", "--augment", "digits"]
        let plain = try run(options).bytes
        #expect(try run(options + ["--gate", "1"]).bytes != plain)
        #expect(try run(options + ["--candidates", "3"]).bytes != plain)
    }

    @Test(
        "what does not go together is wrong usage, and says which option",
        arguments: [
            ("--output x", "--teacher: nothing found"), ("--mutual mlp-x --output x", "--mutual: 'mlp-x' found"),
            ("--mutual mlp-8 --teacher t --output x", "--mutual: needs no teacher; leave out --teacher"),
            ("--mutual mlp-8 --hints [{stage:stage1}] --output x", "--hints"),
            ("--mean-teacher 1 --output x", "--mean-teacher: 1 found"),
            (
                "--teacher t --gate 0.5 --candidates 2 --output x",
                "--candidates: chooses among views, which --gate draws anew"
            ),
            ("--teacher t --candidates 2 --checkpoint c --output x", "--candidates: depends on"),
            ("--teacher t --temperatures [1,0] --output x", "--temperatures: 0 found"),
        ])
    func usage(line: String, reason: String) throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            let outcome = try retort.run(("distill " + line).split(separator: " ").map(String.init))
            #expect(outcome.status == 64 && outcome.errorLines.first?.contains(reason) == true, "\(outcome.errors)")
            #expect(try retort.files().isEmpty)
        }
    }

    @Test("a gate without augmentation is refused when the data are there, and a schedule's key by the recipe's line")
    func later() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture convnet-4 --steps 1 --output t")
            for (recipe, reason) in [
                ("gate: 0.5", "r.yaml: line 1: gate: needs an --augment whose views a --teacher judges"),
                (
                    "curriculum:\n  lowest: 5",
                    "r.yaml: line 2: curriculum: lowest (5.0) must be below the temperature at the start (4.0)"
                ),
                (
                    "contrasts:\n- stage: stage2\n  negatives: 0",
                    "r.yaml: line 3: contrasts[0].negatives: 0 is not in 1"
                ),
                (
                    "curriculum: {lowest: 1, height: 3}",
                    "r.yaml: line 1: curriculum.height: unknown key, one of lowest, highest, reversal expected"
                ),
            ] {
                try Data(recipe.utf8).write(to: folder.appending(path: "r.yaml"))
                let outcome = try retort.run(
                    "distill --recipe r.yaml --teacher t --data mini --architecture convnet-4 --steps 2 --output x"
                        .split(separator: " ").map(String.init))
                #expect(outcome.status == 1 && outcome.errors.hasPrefix("Error: \(reason)"), "\(outcome.errors)")
            }
        }
    }
}

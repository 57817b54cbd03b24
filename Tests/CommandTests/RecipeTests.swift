import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: recipes")
struct RecipeTests {
    @Test("the sample recipe trains, cut short and on fewer images; its printed recipe gives the same file")
    func sample() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture convnet-4 --steps 3 --output teacher.safetensors")
            let sample = URL(filePath: #filePath).appending(path: "../../../Examples/Recipes/closed-loop.yaml")
                .standardizedFileURL
            // Everything after the recipe wins over it.
            let line =
                "distill --recipe \(sample.path) --teacher teacher.safetensors --data mini --labels 30 --steps 8 --batch 5"
                + " --architecture convnet-4"
            let first = try retort.succeed("\(line) --output a --checkpoint ca --json").json()
            #expect(first["steps"] as? Int == 8 && first["labelled"] as? Int == 30)
            let epochs = try #require(first["epochs"] as? [[String: Any]])
            let terms = try #require(epochs.last?["terms"] as? [String: Double])
            #expect(Set(terms.keys) == ["crossEntropy", "response", "attention stage1", "hint stage2"])
            #expect(epochs.last?["teacherAgreement"] as? Double != nil)
            // Validation steered: one controller decides on ten classes, and the policy has two steps.
            let decisions = try #require(epochs.last?["classDecisions"] as? [[[String: Any]]])
            #expect(decisions.map(\.count) == [10] && decisions[0][0]["threshold"] as? Double == 0.97)
            #expect((epochs.last?["stepFactors"] as? [[Double]])?.first?.count == 2)

            let printed = try retort.succeed("\(line) --output a --checkpoint ca --print-recipe").output
            #expect(printed == first["recipe"] as? String)
            try Data(printed.utf8).write(to: folder.appending(path: "again.yaml"))
            let again = try retort.succeed("distill --recipe again.yaml --output b --checkpoint cb --json").json()
            #expect(try retort.bytes("b") == retort.bytes("a"))
            // And the recipe of a recipe is the recipe.
            #expect(
                again["recipe"] as? String
                    == printed.replacing("output: a", with: "output: b").replacing(
                        "checkpoint: ca", with: "checkpoint: cb"))
        }
    }

    @Test("every way to say a schedule, hints and a policy is the same from a recipe and from the command line")
    func structures() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture convnet-4 --steps 3 --output t")
            let base = ["distill", "--teacher", "t", "--data", "mini", "--architecture", "convnet-4", "--steps", "3"]
            for (number, (recipe, options)) in [
                ("temperature: 4", ["--temperature", "4"]), ("temperature: 3:1", ["--temperature", "3:1"]),
                (
                    "temperature: {schedule: linear, from: 3, to: 1}", ["--temperature", "3:1"]
                ),
                (
                    "hard-label-weight:\n  schedule: step\n  from: 0.8\n  factor: 0.5\n  at: [0.5]",
                    ["--hard-label-weight", "{schedule: step, from: 0.8, factor: 0.5, at: [0.5]}"]
                ),
                (
                    "hints:\n- student: stage1\n  teacher: stage1\n  loss: relational\n  angle: 0",
                    ["--hints", "[{stage: stage1, loss: relational, angle: 0}]"]
                ),
                (
                    "augment:\n  operations:\n  - operation: horizontalFlip\n    probability: 0.5",
                    ["--augment", "{operations: [{operation: horizontalFlip, probability: 0.5}]}"]
                ),
                (
                    "controllers: [{controller: hardness, weaker: 0.5}]",
                    [
                        "--controllers", "[{controller: hardness, weaker: 0.5}]",
                    ]
                ),
            ].enumerated() {
                try Data(recipe.utf8).write(to: folder.appending(path: "r.yaml"))
                let one = try retort.run(base + ["--recipe", "r.yaml", "--output", "a\(number)"])
                let other = try retort.run(base + options + ["--output", "b\(number)"])
                #expect(one.status == 0 && other.status == 0, "\(recipe): \(one.errors) \(other.errors)")
                #expect(try retort.bytes("a\(number)") == retort.bytes("b\(number)"), "\(recipe)")
            }
        }
    }

    @Test("the command line wins, flags too")
    func precedence() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Data("labels: 20\nunlabelled: true\nloop: article\nsteps: 5\n".utf8).write(
                to: folder.appending(path: "r.yaml"))
            let text = try retort.succeed(
                "distill --steps 7 --teacher t --recipe=r.yaml --loop none --output x --print-recipe"
            ).output
            for line in ["labels: 20", "unlabelled: true", "loop: none", "steps: 7", "batch: 64"] {
                #expect(text.split(separator: "\n").contains { $0 == line }, "\(line) in \(text)")
            }
            // Texts that YAML would take for something else, and the largest seed, come back as they were.
            let odd = "--seed 18446744073709551615 --learning-rate 1e-05 --data 5 --output yes --print-recipe"
            let printed = try retort.succeed("train \(odd)").output
            try Data(printed.utf8).write(to: folder.appending(path: "r.yaml"))
            #expect(try retort.succeed("train --recipe r.yaml --print-recipe").output == printed)
            #expect(try retort.files() == ["r.yaml"])
        }
    }

    @Test(
        "a fault in a recipe is told with file, line, path, what was found and what was expected",
        arguments: [
            ("steps: 5\nstpes: 6", "line 2: stpes: unknown key; did you mean 'steps'?"),
            ("json: true", "line 1: json: belongs on the command line, as --json: it changes nothing of the run"),
            ("threads: 2", "line 1: threads: belongs on the command line, as --threads: it changes nothing of the run"),
            (
                "colour: red",
                "line 1: colour: unknown key; the keys are the options that `retort distill --help` lists"
            ),
            ("steps: 99999999999999999999", "line 1: steps: 99999999999999999999 found, 1 to 100000000 expected"),
            ("steps: many", "line 1: steps: 'many' found, a whole number expected"),
            ("steps: 2.5", "line 1: steps: 2.5 found, a whole number expected"),
            ("steps: \"5\"", "line 1: steps: '5' found, a whole number expected"),
            ("steps: [5]", "line 1: steps: a list of 1 found, a whole number expected"),
            ("steps:", "line 1: steps: nothing found, a whole number expected"),
            ("\n# a comment\nsteps: 0", "line 3: steps: 0 found, 1 to 100000000 expected"),
            ("strength: true", "line 1: strength: true found, a number expected"),
            ("strength: 4", "line 1: strength: 4 found, 0 to 3 expected"),
            ("unlabelled: 1", "line 1: unlabelled: 1 found, true or false expected"),
            ("architecture: 5", "line 1: architecture: 5 found, text expected (put it in quotes)"),
            ("data: 2024-01-31", "line 1: data: 2024-01-31 found, text expected (put it in quotes)"),
            ("output: no", "line 1: output: no found, text expected (put it in quotes)"),
            ("hints: [{stage: on}]", "line 1: hints[0].stage: on found, text expected (put it in quotes)"),
            ("steps: 0100", "line 1: steps: 0100 found, a whole number without leading zeros expected"),
            ("seed: 1_000", "line 1: seed: 1_000 found, a whole number in digits alone expected"),
            ("curriculum: {lowest:1}", "line 1: 'lowest:1' found; write a blank after the colon: lowest: 1"),
            ("steps: 5\nhints: [{stage:a}]", "line 2: 'stage:a' found; write a blank after the colon: stage: a"),
            (
                "temperature: {3: 1}",
                "line 1: temperature: '3:' without a number right after it found, FROM:TO such as 3:1 expected"
            ),
            ("seed: -1", "line 1: seed: -1 found, 0 to 18446744073709551615 expected"),
            ("batch: 1:30", "line 1: batch: 1:30 found, a whole number in digits alone expected"),
            (
                "augment: {operations: [{operation: cutout, size: 01}]}",
                "line 1: augment.operations[0].size: 01 found, a whole number without leading zeros expected"
            ),
            (
                "controllers:\n- {controller: hardness, curriculum: {from: 1e308, to: 1, epochs: 4}}",
                "line 2: controllers[0].curriculum.from: 1e+308 found, a number up to 3.4e38 expected"
            ),
            (
                "controllers:\n- {controller: operations,\n   probes: 1e30}",
                "line 3: controllers[0].probes: 1e+30 found, a whole number from -9223372036854775808 to "
                    + "9223372036854775807 expected"
            ),
            (
                "temperature: {schedule: stairs, of: 3, parts: 4.5}",
                "line 1: temperature.parts: 4.5 found, a whole number expected"
            ),
            (
                "controllers:\n- {controller: class}\n- {? *a : 1}",
                "an alias as a key found, the key itself expected"
            ),
            (
                "loss: kld",
                "line 1: loss: 'kld' found, one of kl, reverse-kl, jensen-shannon, mse, dkd, dist, standardized-kl, "
                    + "standardized-dkd expected"
            ),
            ("temperature: warm", "line 1: temperature: 'warm' found, a number, FROM:TO or a schedule expected"),
            (
                "temperature:\n  schedule: linear\n  from: 3\n  too: 1",
                "line 4: temperature.too: unknown key; did you mean 'to'?"
            ),
            ("temperature: {schedule: linear, from: 3}", "line 1: temperature: no 'to' found, this key expected"),
            (
                "temperature: {schedule: line}",
                "line 1: temperature.schedule: 'line' is none of constant, linear, cosine, exponential, step, warm-up, stairs"
            ),
            (
                "temperature: {schedule: exponential, from: 0, to: 1}",
                "line 1: temperature.from: 0.0 is not a number above 0"
            ),
            (
                "temperature: {schedule: step, from: 2, factor: 0, at: [0.5]}",
                "line 1: temperature: 0 found, 0.01 to 1000 expected"
            ),
            (
                "temperature: {schedule: step, from: 2, factor: 0.5, at: [0.5, 2]}",
                "line 1: temperature.at[1]: 2.0 is not a share of the run, 0 to 1"
            ),
            ("hints: {stage: stage1}", "line 1: hints: a mapping found, a list expected"),
            (
                "hints:\n- stage: stage1\n- stage: stage2\n  distance: 3",
                "line 4: hints[1].distance: unknown key, one of stage, student, teacher, weight, loss expected"
            ),
            (
                "hints: [{stage: stage1, student: a}]",
                "line 1: hints[0].student: a name beside 'stage', which names both maps"
            ),
            (
                "controllers:\n- controller: class\n  threshold: high",
                "line 3: controllers[0].threshold: 'high' found, a number expected"
            ),
            (
                "controllers: [{controller: class, cap: 0.5}]",
                "line 1: controllers[0]: accuracy threshold 0.9, step 0.5, cap 0.5, decay 0.5, margin 0.01 found, threshold "
                    + "within 0…1 or a loss of 0 or more, step 0 or more, cap 1 or more, decay within 0..<1, margin 0 or more "
                    + "expected"
            ),
            (
                "controllers: [{controller: hardness}]",
                "line 1: controllers[0]: 0 effects, one of stronger, weaker, curriculum expected"
            ),
            (
                "controllers: [{controller: clas}]",
                "line 1: controllers[0].controller: 'clas' is none of class, hardness, operations"
            ),
            (
                "augment:\n  operations:\n  - operation: affine\n    rotate: [-200, 20]",
                "line 4: augment.operations[0].rotate: -200…20 found, a range within -180…180 expected"
            ),
            (
                "augment:\n  operations:\n  - operation: affine\n    turn: 3",
                "line 4: augment.operations[0].turn: an unknown field found, none of this name expected"
            ),
            (
                "augment:\n  operations:\n  - operation: gamma",
                "line 3: augment.operations[0]: exponent: nothing found, this field expected"
            ),
            (
                "loop: article\ncontrollers: []",
                "line 2: controllers: steers instead of --loop article; leave one of the two out"
            ),
            ("steps: 5\nbatch: 2\nsteps: 6", "steps: comes twice, in lines 1 and 3; leave one of them out"),
            ("{steps: 5, steps: 6}", "line 1: steps: comes twice; leave one of them out"),
            ("label-smoothing: 0.1", "line 1: label-smoothing: belongs to `retort train`; leave it out"),
            (
                "wibble: 0.1",
                "line 1: wibble: unknown key; the keys are the options that `retort distill --help` lists"
            ),
            (
                "steps: [5",
                "line 2: no YAML in one document: did not find expected ',' or ']'"
            ),
            ("- steps", "line 1: a list of 1 found, a mapping from options to values expected"),
            ("", "nothing in it, YAML expected"),
        ])
    func faults(recipe: String, reason: String) throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Data(recipe.utf8).write(to: folder.appending(path: "r.yaml"))
            let outcome = try retort.run(["distill", "--recipe", "r.yaml", "--teacher", "t", "--output", "x"])
            #expect(outcome.status == 1 && outcome.errors == "Error: r.yaml: \(reason)\n", "\(outcome.errors)")
            #expect(try retort.files() == ["r.yaml"])
        }
    }

    @Test("a fault that shows in the work is told with the recipe's line too, and one of the command line is its own")
    func laterFaults() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture convnet-4 --steps 1 --output t")
            let names = AugmentationPolicy.allNames.joined(separator: ", ")
            for (recipe, options, reason) in [
                ("labels: 3", "", "r.yaml: line 1: labels: 3 found, 10 (one for each class) to 180 expected"),
                ("labels: 30", "--labels 3", "--labels: 3 found, 10 (one for each class) to 180 expected"),
                (
                    "hints:\n- {stage: stage1}\n- {stage: stage9}", "",
                    "r.yaml: line 3: hints[1]: student: no feature map 'stage9'; the network has stage1, stage2"
                ),
                (
                    "hints:\n- stage: stage1\n  weight: -1", "",
                    "r.yaml: line 3: hints[0].weight: -1.0 is not a number, 0 or more"
                ),
                (
                    "controllers:\n- {controller: operations}", "",
                    "r.yaml: line 2: controllers[0]: steers operations, and there is no augmentation that has some"
                ),
                (
                    "augment: policy.json", "",
                    "r.yaml: line 1: augment: there is no file policy.json"
                ),
                (
                    "augment: policy", "",
                    "r.yaml: line 1: augment: 'policy' found, none, \(names) or a policy's file in JSON expected"
                ),
            ] {
                try Data(recipe.utf8).write(to: folder.appending(path: "r.yaml"))
                let line =
                    "distill --recipe r.yaml --teacher t --data mini --architecture convnet-4 --output x \(options)"
                let outcome = try retort.fail(line)
                // What the command line says is wrong usage, with the usage behind it; a recipe's fault is bad input.
                let isUsage = reason.hasPrefix("--")
                #expect(outcome.status == (isUsage ? 64 : 1), "\(outcome.errors)")
                #expect(outcome.errorLines.first == "Error: \(reason)", "\(outcome.errors)")
                #expect((outcome.errorLines.count == 1) == !isUsage)
            }
            let outcome = try retort.run(["train", "--recipe", "none.yaml", "--output", "x"])
            #expect(outcome.status == 1 && outcome.errors.contains("none.yaml: no such file"))
        }
    }
}

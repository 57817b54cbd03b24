import Foundation
import Retort
import TestSupport
import Testing

/// Options that would change nothing used to be taken without a word.
@Suite("Commands: options without effect")
struct IdleOptionTests {
    @Test(
        "An option that changes nothing without another ends with 64, one line and the option, before any work",
        arguments: [
            ("train --output x --checkpoint-every 5", "--checkpoint-every: needs --checkpoint"),
            ("train --output x --memory 2GB", "--memory: has no effect on the embedded digits"),
            ("train --output x --data d --memory 5", "--memory: '5' found, a size with its unit expected"),
            ("train --output x --keep-checkpoints 5", "--keep-checkpoints: needs --checkpoint"),
            ("train --output x --strength 2", "--strength: needs an --augment"),
            ("train --output x --grey", "--grey: has no effect on the embedded digits"),
            ("train --output x --image-size 8", "--image-size: has no effect on the embedded digits"),
            ("train --output x --image-size 96", "--image-size: has no effect on the embedded digits"),
            ("train --output x --steps 1e3", "--steps: 1e3 found, a whole number in digits alone expected"),
            ("train --output x --learning-rate -1", "--learning-rate: -1 found, 1e-9 to 1000 expected"),
            ("augment cost --policy digits --image-size 1_0", "--image-size: 1_0 found, a whole number in digits"),
            ("augment preview --policy digits --out x --image-size 50", "--image-size: has no effect on the embedded"),
            ("train --output x --skip-bad", "--skip-bad: has no effect on the embedded digits"),
            ("evaluate m --skip-bad", "--skip-bad: has no effect on the embedded digits"),
            ("distill --teacher m --data d --output x --gate 0.5", "--gate: needs an --augment"),
            ("distill --teacher m --data d --output x --candidates 4", "--candidates: needs an --augment"),
            ("distill --teacher m --data d --output x --unlabelled-ratio 2", "--unlabelled-ratio: needs --unlabelled"),
            ("quantize m --output x --learning-rate 0.1", "--learning-rate: needs steps of training"),
            ("quantize m --output x --augment digits", "--augment: needs steps of training"),
            ("prune m --output x --to zeros:0.5 --steps 0 --teacher t", "--teacher: teaches in steps of training, and"),
            ("prune m --output x --to zeros:0.5 --multiple 4", "--multiple: is for filters, which --to flops, bytes"),
            ("prune m --output x --to rank:0.5 --importance taylor", "--importance: is for filters"),
            (
                "distill --teacher m --data d --output x --temperature 3 --temperatures [1]",
                "--temperature: is what --temperatures looks for"
            ),
            ("export m --c x.c --operator-set 17", "--operator-set: is for --onnx FILE"),
            (
                "prune m --output x --to zeros:0.5 --steps 0 --hard-label-weight 1",
                "--hard-label-weight: needs steps of training"
            ),
        ])
    func refused(line: String, reason: String) throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            let outcome = try retort.fail(line)
            #expect(outcome.status == 64 && outcome.output.isEmpty)
            #expect(outcome.errorLines.first?.hasPrefix("Error: \(reason)") == true, "\(outcome.errors)")
            #expect(try retort.files().isEmpty)
        }
    }

    @Test(
        "Images of MNIST's files are taken as they are: a size, grey and files to leave out are refused"
    )
    func originalFiles() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            for line in [
                "train --output x --image-size 50", "train --output x --grey", "train --output x --skip-bad",
                "distill --teacher m --output x --image-size 50",
                "augment preview --policy digits --out x --image-size 50",
                "demo --output x --skip-bad",
            ] {
                if line.contains("distill") {
                    try retort.succeed("train --data mini --architecture mlp-4 --steps 1 --output m")
                }
                let outcome = try retort.fail("\(line) --data mini")
                #expect(outcome.status == 64 && outcome.output.isEmpty)
                #expect(
                    outcome.errorLines.first?.contains(": has no effect on the images of mini") == true, "\(outcome)")
                #expect(try !retort.files().contains("x"))
            }
        }
    }

    @Test("An empty --data, as from a variable of the shell that is not set, is not the folder that one is in")
    func emptyData() throws {
        try withTemporaryFolder { folder in
            let outcome = try CommandLine(folder: folder).run(["train", "--output", "x", "--data", ""])
            #expect(outcome.status == 64 && outcome.errors.hasPrefix("Error: --data: '' found"), "\(outcome.errors)")
        }
    }

    @Test("Options for ONNX files beside a teacher of Retort's own are refused")
    func besideTeacher() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeImages([("blue", 20), ("red", 20)], to: folder.appending(path: "colours")) { label, _ in
                (8, (0..<64).flatMap { _ in label == 0 ? [20, 40, 200] : [200, 40, 20] as [UInt8] })
            }
            let quick = "--data colours --architecture mlp-4 --steps 1 --batch 4"
            try retort.succeed("train \(quick) --image-size 8 --output m")
            for (option, value) in [("--input-size", "8x8"), ("--normalization", "0-1")] {
                let outcome = try retort.fail("distill --teacher m \(quick) \(option) \(value) --output x")
                let reason =
                    "\(option): has no effect: it is for ONNX files, and other models say it themselves; leave it out"
                #expect(outcome.status == 64 && outcome.errorLines.first == "Error: \(reason)", "\(outcome.errors)")
            }
        }
    }

    @Test("A printed recipe, which has the defaults of all options, is no reason to refuse anything")
    func printedRecipe() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            for line in ["train --output x", "distill --teacher m --data d --output x"] {
                let recipe = try retort.succeed("\(line) --print-recipe").output
                try Data(recipe.utf8).write(to: folder.appending(path: "r.yaml"))
                let command = line.words[0]
                #expect(try retort.succeed("\(command) --recipe r.yaml --print-recipe").output == recipe)
            }
        }
    }
}

import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: help, wrong usage, bad input")
struct RefusalTests {
    static let commands = ["train", "distill", "quantize", "evaluate", "predict", "info", "export"]

    @Test("--help of every command succeeds and names what all take", arguments: commands + ["demo"])
    func help(command: String) throws {
        let outcome = try CommandLine(folder: FileManager.default.temporaryDirectory).run([command, "--help"])
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        for option in ["--seed", "--threads", "--json"] { #expect(outcome.output.contains(option)) }
    }

    @Test("a name that has little in common with an option is not taken for it")
    func unknown() throws {
        let outcome = try CommandLine(folder: FileManager.default.temporaryDirectory).fail("train --output x --foo")
        #expect(outcome.status == 64 && outcome.errorLines.first == "Error: Unknown option '--foo'")
    }

    @Test("info says what there is to compute with")
    func info() throws {
        let info = try CommandLine(folder: FileManager.default.temporaryDirectory)
            .succeed("info --threads 3 --json").json()
        #expect(info["threads"] as? Int == 3 && info["simd"] as? String == SIMDLevel.active.description)
        #expect((info["blas"] as? String)?.isEmpty == false && (info["version"] as? String)?.isEmpty == false)
    }

    @Test(
        "wrong usage ends with 64 and a line that names the option, and nothing is written",
        arguments: [
            ("train", "--output"), ("train --output x --steps 0", "--steps: 0 found, 1 to"),
            ("train --output x --batch 0", "--batch: 0 found"), ("train --output x --colour", "--colour"),
            ("train --output x --labels -3", "--labels: -3 found, 1 to 100000000 expected"),
            ("train --output x --seed -1", "--seed: -1 found, 0 to 18446744073709551615 expected"),
            (
                "train --output x --steps 99999999999999999999",
                "--steps: 99999999999999999999 found, 1 to 100000000 expected"
            ),
            ("train --output x --steps", "Missing value for '--steps"),
            ("augment preview --policy digits --out x --samples 201", "--samples: 201 found, 1 to 200 expected"),
            ("export m --onnx x --operator-set 9", "--operator-set: 9 found, 13 to 17 expected"),
            ("train --output x --augment nope", "--augment: 'nope' found, none, digits, ocr"),
            ("train --output x --augment digts", "or a policy's file in JSON expected; did you mean 'digits'?"),
            ("augment cost --policy nope", "--policy: 'nope' found, digits, ocr"),
            ("train --output x --learning-rate nan", "--learning-rate: nan found"),
            ("train --output x --strength 4", "--strength: 4 found, 0 to 3 expected"),
            ("train --output x --threads 0", "--threads: 0 found"),
            ("train --output x --architecture resnet-9", "'resnet-9' found, resnet-DEPTH (8"),
            ("train --data nowhere --output x --checkpoint ./x", "--checkpoint"),
            ("train --data nowhere --output .", "--output: '.' is the name of a folder"),
            ("train --output new/", "--output: 'new/' is the name of a folder"),
            ("quantize int8 --data / --output /", "--output: '/' is the name of a folder"),
            ("train --output x --checkpoint k/", "--checkpoint: 'k/' is the name of a folder"),
            ("train --output x --recipe=", "--recipe: '' found, the name of a file expected"),
            ("train --output x --step 3", "Unknown option '--step'. Did you mean '--steps'?"),
            ("prune m --output x --to bytes:1.5", "--to: 'bytes:1.5' found, a whole number of bytes expected"),
            ("train --output x --steps 0100", "--steps: 0100 found, a whole number without leading zeros expected"),
            ("quantize m --output x --calibration=007", "--calibration: 007 found, a whole number without"),
            ("demo --threads 04", "--threads: 04 found"),
            ("prune m --output x", "--to"),
            (
                "prune m --output x --to flops:2",
                "Error: --to: 'flops:2' found, a share above 0 and at most 1 expected, such as flops:0.5"
            ),
            ("prune m --output x --to latency:0", "--to: 'latency:0' found, milliseconds above 0 expected"),
            ("prune m --output x --to flop:0.5", "--to: 'flop:0.5' found, flops:SHARE, bytes:N"),
            (
                "prune m --output x --to bytes",
                "--to: 'bytes' found, a whole number of bytes expected, such as bytes:30"
            ),
            ("prune m --output x --to zeros:1", "--to: 'zeros:1' found"),
            ("prune m --output x --to flops:0.5 --multiple 0", "--multiple: 0 found"),
            ("quantize m --output x --teacher t", "--teacher: t teaches in steps of training alone; add --qat STEPS"),
            ("distill --teacher t --output x --temperature 0", "--temperature"),
            ("distill --teacher t --output x --temperature 3:2:1", "--temperature"),
            (
                "distill --teacher t --output x --hard-label-weight 0.9:1.1",
                "--hard-label-weight: 1.1 found, 0 to 1 expected"
            ),
            ("distill --teacher t --output x --unlabelled", "--unlabelled"),
            ("distill --teacher t --output x --loss kld", "'kld' is invalid for '--loss"),
            ("quantize m --output x --observer best", "--observer"),
            ("quantize m --output x --qat -1", "--qat"),
            ("quantize m --output x --qat 2 --learning-rate 0", "--learning-rate: 0 found"),
            ("quantize m --output x --qat 2 --hard-label-weight 2", "--hard-label-weight: 2 found"),
            ("quantize m --output x --qat 2 --equalize", "--equalize: has no effect beside --qat"),
            ("train --output x --label-smoothing abc", "--label-smoothing: abc found, a number expected"),
            ("train --output x --label-smoothing 1,5", "--label-smoothing: 1,5 found, a number expected"),
            (
                "distill --teacher t --output x --hints {}",
                "Error: The value '{}' is invalid for '--hints <LIST>': a mapping"
            ),
            ("quantize m --output x --calibration 0", "--calibration: 0 found"),
            ("export m --c 2net.c", "--c: 2net.c found"), ("export m --c net", "--c: net found"),
            ("quantize m --output x --prune 1.5", "--prune: 1.5 found"), ("predict m", "images"),
            ("fly", "'fly' is no command"), ("trian --data x", "'trian' is no command; did you mean 'train'?"),
            ("augment previw", "'previw' is no command; did you mean 'preview'?"),
        ])
    func usage(line: String, reason: String) throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            let outcome = try retort.fail(line)
            #expect(outcome.status == 64 && outcome.output.isEmpty)
            #expect(outcome.errorLines.first?.contains(reason) == true, "\(outcome.errors)")
            // As the parser's own errors have it, with the command that was given.
            let names = line.words.prefix {
                $0 != "fly" && !$0.hasPrefix("-") && !["m", "int8", "trian", "previw"].contains($0)
            }
            let command = (["retort"] + names).joined(separator: " ")
            let ending = outcome.errorLines.suffix(2)
            #expect(ending.first?.hasPrefix("Usage: \(command) ") == true, "\(outcome.errors)")
            #expect(ending.last?.hasPrefix("  See '\(command) --help'") == true, "\(outcome.errors)")
            #expect(try retort.files().isEmpty)
        }
    }

    @Test("bad input ends with 1 and one line that says where, what was found and what was expected")
    func badInput() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(retort)
            let before = try retort.files()
            for (line, parts) in [
                ("evaluate none", ["none: no such file\n"]),
                ("train --augment none.json --output x", ["--augment: there is no file none.json\n"]),
                ("evaluate empty --data mini", ["empty", "expected"]),
                ("evaluate cut --data mini", ["cut: cut off: ", " bytes of a safetensors file; copy it again\n"]),
                ("evaluate lying --data mini", ["lying", "images of [28, 28, 1], 3 classes found"]),
                ("evaluate small --data mini", ["small", "images of [14, 14, 1], 10 classes found"]),
                ("evaluate nameless --data mini", ["nameless: metadata: no description found"]),
                ("evaluate m --data nowhere", ["nowhere: no such file or folder\n"]),
                (
                    "evaluate m --data bare",
                    ["bare: ", " found, a folder of PNG or JPEG images for each class", "MNIST"]
                ),
                (
                    "evaluate m --data colours",
                    [
                        "m: a model of 10 classes (0, 1, 2, …) found, one of 2 classes (a, b) as in colours expected; ",
                        "give --data the images that the model is for",
                    ]
                ),
                (
                    "export m --c net.c",
                    ["m: a model in FP32 found, one in INT8 expected; `retort quantize` makes it\n"]
                ),
                ("quantize int8 --data mini --output x", ["int8: an INT8 model found, a model in FP32 expected"]),
                ("prune int8 --data mini --to flops:0.5 --output x", ["int8: an INT8 model found"]),
                (
                    "quantize int8 --data mini --output /dev/null",
                    ["/dev/null: cannot be written", "not a regular file"]
                ),
                ("distill --teacher int8 --data mini --output x", ["int8: an INT8 model found"]),
                (
                    "distill --teacher m --data wide --output x",
                    ["m: it has no class 'airplane' among its 10 classes"]
                ),
                ("distill --teacher mini --data mini --output x", ["mini: a folder found", "a regular file expected"]),
                ("train --data gap --output x", ["labelled images: class 3: no labelled image found"]),
                ("train --data mini --augment bad.json --output x", ["bad.json: operations[0].operation", "flap"]),
                ("predict m empty", ["empty: at byte 0: an empty file found, a PNG or JPEG image expected"]),
                ("predict m digit.png m", ["m: at byte 0", "a PNG or JPEG image expected"]),
                ("info empty", ["empty", "expected"]),
            ] as [(String, [String])] {
                let outcome = try retort.fail(line)
                #expect(outcome.status == 1 && outcome.output.isEmpty, "\(line): \(outcome.status) \(outcome.output)")
                #expect(outcome.errorLines.count == 1, "\(line): \(outcome.errors)")
                for part in parts { #expect(outcome.errors.contains(part), "\(line): \(outcome.errors)") }
                #expect(try retort.files() == before, "\(line) left a file")
            }
        }
    }

    @Test("what an option asks for and the data or the model show to be impossible is wrong usage, before any work")
    func impossible() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(retort)
            let before = try retort.files()
            for (line, reason) in [
                (
                    "train --data mini --labels 9 --output x",
                    "--labels: 9 found, 10 (one for each class) to 180 expected"
                ),
                ("train --data mini --labels 181 --output x", "--labels: 181 found, 10 (one for"),
                (
                    "train --data mini --architecture vit-tiny --output x",
                    "--architecture: 'vit-tiny' for images of [28, 28, 1] found, sides that are multiples of"
                ),
                (
                    "quantize m --data mini --keep-fp32 nope --output x",
                    "--keep-fp32: 'nope' is no layer that can be kept in FP32; there are "
                ),
                (
                    "prune m --data mini --to bytes:1000000 --output x",
                    "--to: bytes:1000000: the weights take "
                ),
                ("run m --input img=x.npy --output x", "--input: the model has no input 'img'; its input is image"),
                ("run m --input image= --output x", "--input: 'image=' names no file; write image=FILE.npy"),
                ("augment preview --policy digits --targets mini --out x", "--targets: labels files of images, and"),
                ("augment cost --policy digits --calibration costs --budget 0.001", "--budget: 0.001 µs is less than"),
            ] {
                let outcome = try retort.fail(line)
                #expect(outcome.status == 64 && outcome.output.isEmpty, "\(line): \(outcome.status) \(outcome.errors)")
                let first = outcome.errorLines.first { $0.hasPrefix("Error: ") }
                #expect(first?.hasPrefix("Error: \(reason)") == true, "\(line): \(outcome.errors)")
                #expect(try Set(retort.files()).subtracting(["costs"]) == Set(before), "\(line) left a file")
            }
        }
    }

    @Test("what cannot be written is refused before any image is read, and nothing is left")
    func unwritable() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try Data([1, 2, 3]).write(to: folder.appending(path: "file"))
            // The data set is missing too: whoever complains of it has not looked at the output first.
            for line in [
                "train --data nowhere --output missing/x", "train --data nowhere --output file/x",
                "train --data nowhere --output x --checkpoint missing/x", "train --data nowhere --output /dev/null",
                "distill --teacher nowhere --output missing/x",
                "distill --teacher nowhere --output x --teacher-cache file/x", "quantize nowhere --output file/x",
            ] {
                let outcome = try retort.fail(line)
                #expect(outcome.status == 1 && outcome.errorLines.count == 1)
                #expect(outcome.errors.contains(": cannot be written: "), "\(line): \(outcome.errors)")
                #expect(try retort.files() == ["file"])
            }
            // A file that is there stays whole until its successor is.
            let late = try retort.run(["train", "--data", "nowhere", "--output", "file"])
            #expect(late.status == 1 && late.errors.contains("nowhere"))
            #expect(try retort.bytes("file") == Data([1, 2, 3]))
            #expect(try retort.files() == ["file"])
        }
    }

    @Test("without its resources the program says so in one line")
    func movedExecutable() throws {
        try withTemporaryFolder { folder in
            let moved = folder.appending(path: "retort")
            try FileManager.default.copyItem(at: CommandLine.built("retort"), to: moved)
            let outcome = try CommandLine(executable: moved, folder: folder).run(["train", "--output", "x"])
            #expect(outcome.status == 1 && outcome.errorLines.count == 1)
            #expect(outcome.errors.contains("Retort_Datasets.resources: nothing beside retort found"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["retort"])
        }
    }

    /// Good and bad files: m and int8 are models; cut, lying, small and nameless are damaged ones.
    private func prepare(_ retort: CommandLine) throws {
        let folder = retort.folder
        try writeMini(to: folder)
        let data = try mini.get()
        try retort.succeed("train --data mini --architecture mlp-4 --steps 1 --output m")
        try retort.succeed("quantize m --data mini --calibration 20 --output int8")
        try PNGFile.write(data.test.image(0), to: folder.appending(path: "digit.png"))
        try Data().write(to: folder.appending(path: "empty"))
        try retort.bytes("m").dropLast(3).write(to: folder.appending(path: "cut"))
        try Data(#"{"operations": [{"operation": "flap"}]}"#.utf8).write(to: folder.appending(path: "bad.json"))
        var int8 = try SafetensorsFile.read(folder.appending(path: "int8"))
        for (name, side, classes) in [("lying", 28, 3), ("small", 14, 10)] {
            // As files before held it, which said the images' size too.
            let names = (0..<classes).map { "\"\($0)\"" }.joined(separator: ",")
            int8.metadata["description"] =
                "{\"architecture\":{\"channels\":1,\"classes\":\(classes),\"family\":{\"mlp\":{\"hidden\":[4]}},"
                + "\"height\":\(side),\"width\":\(side)},\"classNames\":[\(names)],"
                + "\"normalization\":{\"deviation\":[1],\"mean\":[0]}}"
            try int8.write(to: folder.appending(path: name))
        }
        int8.metadata["description"] = nil
        try int8.write(to: folder.appending(path: "nameless"))

        for name in ["bare", "gap", "wide", "colours/a", "colours/b"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
        }
        let withoutThree = data.train.labels.indices.filter { data.train.labels[$0] != 3 }
        try writeMNIST("train", data.train.subset(withoutThree), to: folder.appending(path: "gap"))
        try writeMNIST("t10k", data.test, to: folder.appending(path: "gap"))
        for name in (1...5).map({ "data_batch_\($0)" }) + ["test_batch"] {
            let records = (0..<10).flatMap { [UInt8($0)] + [UInt8](repeating: 0, count: 3072) }
            try Data(records).write(to: folder.appending(path: "wide/\(name).bin"))
        }
        for number in 0..<10 {
            let name = "colours/\(number % 2 == 0 ? "a" : "b")/\(number).png"
            try PNGFile.write(data.test.image(number), to: folder.appending(path: name))
        }
    }
}

import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: from images to an INT8 student")
struct PipelineTests {
    @Test("train, distill, quantize, evaluate, predict and info agree with one another and with the library")
    func pipeline() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            let test = try mini.get().test
            let taught = try retort.succeed(
                "train --data mini --architecture convnet-8 --steps 20 --output teacher.safetensors --json"
            ).json()
            let distilled = try retort.succeed(
                """
                distill --teacher teacher.safetensors --data mini --architecture convnet-4 --labels 20 --unlabelled \
                --temperature 3:1 --hard-label-weight 0.9:0.1 --loop article --augment digits --strength 0.5 --steps 3 \
                --batch 8 --output student.safetensors --json
                """
            ).json()
            // 200 images, a tenth of them held out; 20 keep their labels.
            #expect(distilled["labelled"] as? Int == 20 && distilled["unlabelled"] as? Int == 160)
            #expect(distilled["architecture"] as? String == "convnet-4")
            let quantized = try retort.succeed(
                "quantize teacher.safetensors --data mini --calibration 40 --output int8.safetensors --json"
            ).json()

            let variants = try #require(quantized["variants"] as? [[String: Any]])
            #expect(variants.map { $0["type"] as? String } == ["FP32", "INT8"])

            // Every file again, by its content.
            for (name, accuracy) in [
                ("teacher", taught["accuracy"]), ("student", distilled["accuracy"]),
                ("int8", variants.last?["accuracy"]),
            ] {
                let report = try retort.succeed("evaluate \(name).safetensors --data mini --json").json()
                #expect(report["accuracy"] as? Double == accuracy as? Double && accuracy as? Double != nil)
                let confusion = try #require(report["confusion"] as? [[Int]])
                #expect(confusion.map { $0.reduce(0, +) } == [Int](repeating: 5, count: 10))
                #expect((report["classes"] as? [[String: Any]])?.count == 10)
            }
            #expect(variants[0]["accuracy"] as? Double == taught["accuracy"] as? Double)
            #expect(variants[0]["agreement"] as? Double == 100)
            #expect(try retort.bytes("int8.safetensors").count == quantized["outputBytes"] as? Int)
            #expect(try retort.bytes("int8.safetensors").count * 2 < retort.bytes("teacher.safetensors").count)

            // The input, four convolutions, maximum, average and dense layer, on the calibration images.
            let layers = try #require(quantized["layers"] as? [[String: Any]])
            #expect(layers.count == 8 && layers.first?["name"] as? String == "input")
            #expect(layers.allSatisfy { ($0["signalToNoise"] as? Double ?? 0) > 10 })
            let exported = try retort.succeed("export int8.safetensors --c net.c --json").json()
            #expect(exported["staticBytes"] as? Int == 2 * 28 * 28 * 8)
            #expect(
                try String(decoding: retort.bytes("net.h"), as: UTF8.self).contains("void net_run(const float *input"))
            #expect(try String(decoding: retort.bytes("net.c"), as: UTF8.self).contains("#include \"net.h\""))

            // One image through the command, and through the library.
            try PNGFile.write(test.image(7), to: folder.appending(path: "digit.png"))
            let file = try ModelFile.read(folder.appending(path: "teacher.safetensors"))
            let input = try #require(
                test.subset([7]).batches(of: 1, normalization: file.description.normalization).first { _ in true })
            let expected = softmax(file.predict(input.inputs)).scalars
            let predicted = try retort.succeed("predict teacher.safetensors digit.png --json").json()
            let images = try #require(predicted["images"] as? [[String: Any]])
            let top = try #require(images.first?["top"] as? [[String: Any]])
            let order = expected.indices.sorted { expected[$0] > expected[$1] }
            #expect(top.map { $0["name"] as? String } == order.prefix(3).map(String.init))
            #expect(
                top.compactMap { ($0["probability"] as? Double).map(Float.init) }
                    == order.prefix(3).map { expected[$0] })
            #expect(
                try retort.succeed("predict int8.safetensors digit.png digit.png").output.split(separator: "\n").count
                    == 2)

            let info = try retort.succeed("info int8.safetensors --json").json()
            #expect(info["isQuantized"] as? Bool == true && info["architecture"] as? String == "convnet-8")
            // The results of the first two convolutions, a byte a number.
            #expect(info["peakActivationBytes"] as? Int == 2 * 28 * 28 * 8)
            // Normalisations, with a scale and a shift for each of 2 · (8 + 16) channels, became biases.
            #expect((info["parameters"] as? Int).map { $0 + 48 } == taught["parameters"] as? Int)
            let nodes = try #require(info["nodes"] as? [[String: Any]])
            #expect(nodes.count == 8 && nodes[1]["path"] as? String == "stage1.0.convolution")
            #expect(
                nodes.dropLast().allSatisfy { ($0["scale"] as? Double ?? 0) > 0 && $0["type"] as? String == "INT8" })
            let original = try retort.succeed("info teacher.safetensors --json").json()
            #expect(info["multiplyAdds"] as? Int == original["multiplyAdds"] as? Int)

            // With a layer kept in FP32, which has its place in the file and in C.
            try retort.succeed(
                "quantize teacher.safetensors --data mini --calibration 40 --keep-fp32 classifier --output mixed.safetensors"
            )
            let table = try retort.succeed("info mixed.safetensors").output
            #expect(table.split(separator: "\n").contains { $0.contains("classifier") && $0.contains("FP32") })
            try retort.succeed("export mixed.safetensors --c net.c")
            #expect(try String(decoding: retort.bytes("net.h"), as: UTF8.self).contains("no library but libm"))
        }
    }

    @Test("the same seed gives the same file, on one thread too; another seed another file")
    func determinism() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture mlp-8 --steps 3 --output teacher.safetensors")
            let line = """
                distill --teacher teacher.safetensors --data mini --architecture convnet-4 --labels 30 --unlabelled \
                --loop article --augment digits --steps 4 --batch 6
                """
            for (name, options) in [("a", ""), ("b", ""), ("c", " --threads 1"), ("d", " --seed 1")] {
                try retort.succeed("\(line) --output \(name)\(options)")
            }
            let files = try ["a", "b", "c", "d"].map(retort.bytes)
            #expect(files[1] == files[0] && files[2] == files[0] && files[3] != files[0])
        }
    }

    @Test("a pruned model is a smaller network that every command takes; the report has each variant with its cost")
    func pruning() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture convnet-8 --steps 10 --output big")
            let line =
                "prune big --data mini --multiple 2 --to flops:0.8 --to flops:0.4 --augment digits --output small"
            let result = try retort.succeed("\(line) --steps 4 --scan --report report --json").json()
            let variants = try #require(result["variants"] as? [[String: Any]])
            #expect(
                variants.map { "\($0["name"] ?? ""), \($0["type"] ?? "")" } == [
                    "as it was, FP32", "as it was, quantised, INT8", "flops:0.8, not trained, FP32",
                    "flops:0.8, FP32", "flops:0.8, quantised, INT8", "flops:0.4, not trained, FP32",
                    "flops:0.4, FP32", "flops:0.4, quantised, INT8",
                ])
            let costs = variants.compactMap { $0["multiplyAdds"] as? Int }
            #expect(5 * costs[3] <= 4 * costs[0] && 5 * costs[6] <= 2 * costs[0])
            #expect(5 * costs[6] > costs[0])
            for name in ["medianLatency", "latency95", "imagesPerSecond", "bytes"] {
                #expect(variants.allSatisfy { ($0[name] as? Double ?? 0) > 0 }, "\(name)")
            }
            let sensitivities = try #require(result["sensitivities"] as? [[String: Any]])
            #expect(sensitivities.map { $0["channels"] as? Int } == [8, 8, 16, 16])
            #expect(sensitivities.first?["layer"] as? String == "stage1.0.convolution")

            // The last one was written: it evaluates, says what it is, teaches, is quantised and cut again.
            let report = try retort.succeed("evaluate small --data mini --json").json()
            #expect(report["accuracy"] as? Double == variants[6]["accuracy"] as? Double)
            let info = try retort.succeed("info small --json").json()
            #expect((info["architecture"] as? String)?.hasPrefix("convnet-8 (") == true)
            #expect(info["parameters"] as? Int ?? .max < 4370)
            try retort.succeed("quantize small --data mini --calibration 20 --output int8")
            try retort.succeed("export int8 --c net.c")
            let again = "prune small --data mini --multiple 1 --to bytes:3000 --steps 0 --output smaller"
            let smaller = try #require(try retort.succeed("\(again) --json").json()["variants"] as? [[String: Any]])
            #expect(smaller.count == 4 && smaller[2]["bytes"] as? Int ?? .max <= 3000)
            try retort.succeed("distill --teacher small --data mini --architecture mlp-4 --steps 1 --output student")

            let page = try String(decoding: retort.bytes("report/report.html"), as: UTF8.self)
            #expect(
                page.contains("flops:0.4, quantised, INT8") && page.contains("a forecast.")
                    && page.contains("<b>flops:0.4,") && page.contains("<svg") && !page.contains("nan"))
            let stored = try JSONSerialization.jsonObject(with: retort.bytes("report/report.json")) as? [String: Any]
            #expect((stored?["variants"] as? [Any])?.count == 8)

            // What cannot be had is told before anything is trained or written.
            let before = try retort.bytes("small")
            let outcome = try retort.fail("\(line) --to bytes:10")
            #expect(
                outcome.status == 64 && outcome.errors.contains("--to: bytes:10: 10 bytes cannot be reached: at least"),
                "\(outcome.errors)")
            #expect(
                outcome.errors.contains("bytes remain; with --multiple 2, layers of fewer than 4 channels are not cut"))
            #expect(try retort.bytes("small") == before)
        }
    }

    @Test("several teachers teach as one, from options and from a recipe alike; each reads inputs as it is used to")
    func teachers() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            for seed in 0..<2 {
                try retort.succeed("train --data mini --architecture mlp-8 --steps 3 --seed \(seed) --output t\(seed)")
            }
            let line = "distill --data mini --architecture convnet-4 --labels 30 --steps 3 --batch 6"
            try retort.succeed("\(line) --teacher t0 --teacher t1 --averaging logits --output both")
            try retort.succeed("\(line) --teacher t0 --output first")
            #expect(try retort.bytes("both") != retort.bytes("first"))
            try Data("teacher: [t0, t1]\naveraging: logits".utf8).write(to: folder.appending(path: "r.yaml"))
            try retort.succeed("\(line) --recipe r.yaml --output again")
            #expect(try retort.bytes("again") == retort.bytes("both"))
            // The command line's teachers stand in the place of the recipe's.
            try retort.succeed("\(line) --recipe r.yaml --teacher t0 --output single")
            #expect(try retort.bytes("single") == retort.bytes("first"))
            let printed = try retort.succeed("\(line) --recipe r.yaml --output x --print-recipe").output
            #expect(printed.contains("teacher:\n- t0\n- t1\n"), "\(printed)")
            let file = try ModelFile.read(folder.appending(path: "t1"))
            let description = ModelFile.Description(
                architecture: file.description.architecture, normalization: Normalization(mean: [0], deviation: [1]),
                classNames: file.description.classNames)
            try ModelFile(try #require(file.module), inputShape: file.inputShape, description: description)
                .write(to: folder.appending(path: "other"))
            try retort.succeed("\(line) --teacher t0 --teacher other --output unlike")
            #expect(try retort.bytes("unlike") != retort.bytes("both"))
        }
    }

    @Test("a second student that reads the teacher's outputs is the one that asks the teacher; another seed is refused")
    func teacherCache() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture mlp-8 --steps 3 --output teacher.safetensors")
            let line =
                "distill --teacher teacher.safetensors --data mini --augment digits --labels 30 --unlabelled --steps 3 --batch 6"
            let kept = "--teacher-cache outputs"
            try retort.succeed("\(line) --architecture convnet-4 --output first \(kept)")
            try retort.succeed("\(line) --architecture convnet-4 --output again \(kept)")
            #expect(try retort.bytes("again") == retort.bytes("first"))
            try retort.succeed("\(line) --architecture mlp-4 --loss mse --output second \(kept)")
            try retort.succeed("\(line) --architecture mlp-4 --loss mse --output live")
            #expect(try retort.bytes("second") == retort.bytes("live"))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: "outputs").path).sorted()
                    == (0..<3).map { "epoch-\($0).safetensors" } + ["validation.safetensors"])
            let other = try retort.fail("\(line) --seed 1 --output x \(kept)")
            #expect(other.status == 1 && other.errorLines.count == 1)
            #expect(
                other.errors.contains(
                    "outputs/epoch-0.safetensors: the outputs of another run: another seed (0, now 1); give"),
                "\(other.errors)")
        }
    }

    @Test("a finished run's checkpoint gives the same model again; one of another plan is refused")
    func checkpoint() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            let line = "train --data mini --architecture mlp-8 --checkpoint state --output"
            let first = try retort.succeed("\(line) a --steps 3")
            let second = try retort.succeed("\(line) b --steps 3")
            #expect(try retort.bytes("a") == retort.bytes("b"))
            // It continued after the last step, so there was no progress to show.
            #expect(first.errorLines.count == 3)
            #expect(second.errors == "state holds the finished run (3 steps): nothing is trained\n")
            let other = try retort.fail("\(line) c --steps 4")
            #expect(other.status == 1 && other.errors.contains("it has --steps 3; this one has --steps 4;"))
            #expect(
                try retort.files() == ["a", "b", "mini", "state", "state.1", "state.2", "state.best", "state.steps"])
        }
    }

    @Test("a folder of images in colour, and in grey: trained on, held out, predicted")
    func imageFolder() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            // Two colours in two sizes, so that a model that reads channels or extents wrongly cannot tell them apart.
            let colours: [[UInt8]] = [[20, 40, 200], [200, 40, 20]]
            try writeImages([("blue", 20), ("red", 20)], to: folder.appending(path: "colours")) { label, number in
                let side = number % 2 == 0 ? 9 : 14
                return (side, (0..<side * side).flatMap { _ in colours[label].map { $0 + UInt8(number) } })
            }
            let result = try retort.succeed(
                "train --data colours --image-size 8 --architecture mlp-4 --steps 40 --batch 8 --output m --json"
            ).json()
            // By their names 12 of the 40 are held out for the test, and 3 of the rest for validation.
            #expect(result["labelled"] as? Int == 25 && result["accuracy"] as? Double == 100)
            let red = try retort.succeed("predict m colours/red/3.png colours/blue/4.png").output
            #expect(red.hasPrefix("colours/red/3.png: red") && red.contains("colours/blue/4.png: blue"))
            // Luma of the two differs as well.
            try retort.succeed(
                "train --data colours --grey --image-size 8 --architecture mlp-4 --steps 3 --batch 100 --output g")
            #expect(try retort.succeed("info g").output.contains("8×8×1"))
        }
    }
}

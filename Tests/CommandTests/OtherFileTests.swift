import Foundation
import Retort
import TestSupport
import Testing

/// A file of another kind in place of a model used to be told by the length of a header that it does not have.
@Suite("Commands: files that are no models")
struct OtherFileTests {
    @Test("A file of another kind is named by its kind, whatever command reads it as a model")
    func otherKinds() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            let png: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13]
            for (name, bytes, kind) in [
                ("any.png", png, "a PNG file"),
                ("m.pt", Array("PK\u{3}\u{4}archive".utf8), "a ZIP file, as torch.save"),
                ("m.pkl", [0x80, 2, 0x8A, 10, 1, 2, 3, 4, 5, 6, 7, 8], "a Python pickle, as torch.save"),
                ("m.html", Array("<!DOCTYPE html><html>".utf8), "an HTML page"),
                ("lfs", Array("version https://git-lfs.github.com/spec/v1\n".utf8), "a Git LFS pointer"),
                ("m.py", Array("import torch\n".utf8), "a text file"), ("short", Array("a text".utf8), "a text file"),
                ("empty", [], "an empty file"),
            ] as [(String, [UInt8], String)] {
                try Data(bytes).write(to: folder.appending(path: name))
                for command in ["info", "evaluate"] {
                    let outcome = try retort.fail("\(command) \(name)")
                    #expect(outcome.status == 1 && outcome.errorLines.count == 1)
                    #expect(outcome.errors.hasPrefix("Error: \(name): \(kind)"), "\(outcome.errors)")
                    #expect(outcome.errors.contains("a model (safetensors or ONNX) expected"), "\(outcome.errors)")
                }
            }
        }
    }

    @Test("A checkpoint as a model, a model as a checkpoint or an image, and a model that is cut off are told as such")
    func swapped() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            let line = "train --data mini --architecture mlp-4 --steps 2 --batch 8"
            try retort.succeed("\(line) --output m --checkpoint k")
            try retort.bytes("m").prefix(100).write(to: folder.appending(path: "cut"))
            try retort.bytes("k").dropLast(9).write(to: folder.appending(path: "c"))
            try retort.bytes("k").write(to: folder.appending(path: "c.1"))
            try PNGFile.write(mini.get().test.image(0), to: folder.appending(path: "p"))
            for (line, reason) in [
                ("info k", "k: a checkpoint of a run found, a model (what --output wrote) expected"),
                ("predict k m", "k: a checkpoint of a run found"),
                ("predict m m", "m: at byte 0: a safetensors file found, a PNG or JPEG image expected"),
                ("\(line) --output n --checkpoint m", "m: a model found, a checkpoint expected"),
                (
                    "\(line) --output n --checkpoint p",
                    "p: a PNG file found, a checkpoint, or the name of a new file, exp"
                ),
                ("\(line) --output n --checkpoint c", "or go back to the state before: copy c.1 over it"),
                (
                    "\(line) --output n --checkpoint k --seed 4",
                    "k: the state of another run: it has --seed 0; this one has --seed 4; go on with the settings that it"
                ),
                (
                    "\(line) --output n --checkpoint k --seed 4 --label-smoothing 0.1 --augment digits",
                    "it has --augment none, --label-smoothing 0.0, --seed 0; this one has --augment digits, --label-s"
                ),
                (
                    "\(line) --output n --checkpoint k --learning-rate 1",
                    "it has no --learning-rate; this one has --learning-rate 1.0; go on"
                ),
                (
                    "distill --teacher m\(line.dropFirst(5)) --output n --checkpoint k",
                    "it has the command train; this one has the command distill; go on"
                ),
                (
                    "\(line) --output n --checkpoint k --labels 100",
                    "go on with the settings that it has, or remove k, k.1 and k.best to start afresh, or name another --ch"
                ),
                ("info cut", "cut: cut off: 100 "),
            ] {
                let outcome = try retort.fail(line)
                #expect(outcome.status == 1 && outcome.errorLines.count == 1, "\(line): \(outcome.errors)")
                #expect(outcome.errors.contains(reason), "\(line): \(outcome.errors)")
            }
            // Other content under the name that was given: no option differs, and the part is named.
            let taught = "distill --teacher m\(line.dropFirst(5)) --output n --checkpoint d"
            try retort.succeed(taught)
            try retort.succeed("\(line) --seed 1 --output m")
            #expect(
                try retort.fail(taught).errors.contains(
                    "d: the state of another run: another teacher with the same options: m has changed; put it back "
                        + "as it was, or remove d"
                ))
        }
    }

    @Test("A picture or a text that is there already is no place for a model, and stays as it was")
    func othersOutputs() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            let line = "train --architecture mlp-4 --steps 1 --batch 4 --output"
            try retort.succeed("\(line) m")
            try retort.succeed("\(line) m")  // a model is replaced
            try retort.succeed("export m --onnx m.onnx")
            try retort.succeed("export m --onnx m.onnx")
            try PNGFile.write(
                DecodedImage(pixels: [1], height: 1, width: 1, channels: 1), to: folder.appending(path: "p.png"))
            try Data("a letter\n".utf8).write(to: folder.appending(path: "t.txt"))
            for (name, kind) in [("p.png", "a PNG file"), ("t.txt", "a text file")] {
                let before = try retort.bytes(name)
                for command in ["\(line) \(name)", "export m --onnx \(name)"] {
                    let outcome = try retort.fail(command)
                    #expect(
                        outcome.status == 64 && outcome.errors.contains("\(name) is \(kind) that is there already"),
                        "\(outcome.errors)")
                }
                #expect(try retort.bytes(name) == before)
            }
        }
    }
}

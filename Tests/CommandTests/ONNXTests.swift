import Foundation
import Retort
import TestSupport
import Testing

@Suite("ONNX files on the command line")
struct ONNXTests {
    @Test(
        "A student goes out as ONNX, and every command takes it back in: described, tested, run, quantised, as a teacher"
    )
    func wholeWay() throws {
        try withTemporaryFolder { folder in
            let command = CommandLine(folder: folder)
            let common = "--threads 1"
            try command.succeed("train --labels 100 --architecture convnet-4 --steps 30 \(common) --output m")
            try command.succeed("export m --onnx m.onnx \(common)")
            let info = try command.succeed("info m.onnx").output
            #expect(info.contains("operator set 13") && info.contains("image: float32 of [N, 1, 28, 28]"))
            let own = try command.succeed("evaluate m --json \(common)").json()
            let imported = try command.succeed("evaluate m.onnx --json \(common)").json()
            #expect(own["accuracy"] as? Double == imported["accuracy"] as? Double)

            let images = Tensor((0..<2 * 784).map { Float($0 % 97) / 97 - 0.5 }, shape: [2, 28, 28, 1])
            try NPY.write(images, to: folder.appending(path: "nhwc.npy"))
            try NPY.write(images.transposed([0, 3, 1, 2]), to: folder.appending(path: "nchw.npy"))
            try command.succeed("run m --input nhwc.npy --output a \(common)")
            let printed = try command.succeed("run m.onnx --input image=nchw.npy --output b \(common)").output
            #expect(printed.contains("logits: float32 of [2, 10] in logits.npy"))
            let (left, right) = (
                try NPY.read(folder.appending(path: "a/logits.npy")),
                try NPY.read(folder.appending(path: "b/logits.npy"))
            )
            #expect(zip(left.scalars, right.scalars).allSatisfy { abs($0 - $1) < 1e-4 })

            try command.succeed("quantize m.onnx --output i \(common)")
            try command.succeed("export i --onnx i.onnx --c i.c \(common)")
            let integers = try command.succeed("info i.onnx").output
            #expect(integers.contains("QuantizeLinear") && integers.contains("INT8, computed in integers"))
            #expect(
                try command.succeed("evaluate i.onnx --json \(common)").json()["accuracy"] as? Double
                    == command.succeed("evaluate i --json \(common)").json()["accuracy"] as? Double)
            try command.succeed(
                "distill --teacher m.onnx --labels 100 --architecture mlp-8 --steps 10 \(common) --output s")
        }
    }

    @Test("What is missing or does not fit is wrong usage or bad input, in one line that says what to do")
    func refusals() throws {
        try withTemporaryFolder { folder in
            let command = CommandLine(folder: folder)
            try command.succeed("train --labels 100 --architecture mlp-4 --steps 3 --threads 1 --output m")
            try command.succeed("export m --onnx m.onnx")
            #expect(try command.fail("export m").status == 64)
            #expect(try command.fail("export m --onnx m").status == 64)
            #expect(try command.fail("export m --onnx o --operator-set 9").errors.contains("13 to 17 expected"))
            #expect(try command.fail("export m --c m.c").errors.contains("one in INT8"))
            #expect(try command.fail("info m.onnx --input-size 5").status == 64)
            let wrong = try command.fail("evaluate m.onnx --normalization nope")
            #expect(wrong.status == 64)
            #expect(wrong.errors.contains("--normalization: nope found, one of imagenet"))
            let colours = try command.fail("evaluate m.onnx --normalization imagenet")
            #expect(colours.errors.contains("--normalization: imagenet is for images of 3 channels, and these have 1"))
            try NPY.write(Tensor([1, 2]), to: folder.appending(path: "x.npy"))
            let shape = try command.fail("run m.onnx --input x.npy --output out")
            #expect(shape.status == 1 && shape.errors.contains("float32 of [2] found"), "\(shape.errors)")
            #expect(
                try command.fail("run m.onnx --input y=x.npy --output out").errors.contains(
                    "no input 'y'; its input is image"))
            try Data([8, 8, 0x12, 3, 65, 66, 67, 0, 0, 0]).write(to: folder.appending(path: "bad.onnx"))
            #expect(try command.fail("info bad.onnx").errors.contains("bad.onnx: no intact ONNX model"))
        }
    }
}

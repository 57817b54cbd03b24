import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: published weights")
struct PublishedWeightsCommandTests {
    @Test("train begins with published weights, says what stays fresh, and refuses a pickled checkpoint in one line")
    func weights() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            // PyTorch's layout, [out, in], and five classes for ten.
            try SafetensorsFile(tensors: [
                ("layers.0.weight", .ones([4, 784])), ("layers.0.bias", .ones([4])),
                ("layers.1.weight", .ones([5, 4])), ("layers.1.bias", .ones([5])),
            ]).write(to: folder.appending(path: "published.safetensors"))
            let train =
                "train --data mini --architecture mlp-4 --steps 1 --batch 4 --learning-rate 0.00001 "
                + "--output out.safetensors "
            let outcome = try retort.succeed(train + "--weights published.safetensors")
            let said = "layers.1 keeps its fresh weights for 10 classes, the published ones are for 5"
            #expect(outcome.errors.contains("published.safetensors: \(said)"))
            let trained = try SafetensorsFile.read(folder.appending(path: "out.safetensors"))
            let weights = try trained.tensor("layers.0.weight")
            #expect(weights.shape == [784, 4] && weights.scalars.allSatisfy { abs($0 - 1) < 0.01 })

            _ = try folder.file("net.pth", [0x50, 0x4B, 3, 4, 0, 0])
            let refused = try retort.fail(train + "--weights net.pth")
            #expect(refused.status == 1 && refused.errorLines.count == 1)
            #expect(refused.errors.contains("python -c") && refused.errors.contains("net.pth net.safetensors"))
            let other = train.replacing("mlp-4", with: "mlp-5") + "--weights published.safetensors"
            let misfit = try retort.fail(other)
            #expect(misfit.status == 1 && misfit.errors.contains("shape [4, 784] found, [5, 784] expected"))
        }
    }
}

import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: prune")
struct PruneTests {
    @Test("zeros: the share of weights asked for is 0 in what is written, trained or not, and stays 0 in INT8")
    func zeros() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture mlp-8 --steps 3 --output big")
            let before = try ModelFile.read(folder.appending(path: "big")).model
            let line = "prune big --data mini --to zeros:0.6 --output"
            let result = try retort.succeed("\(line) sparse --steps 6 --json").json()
            let variants = try #require(result["variants"] as? [[String: Any]])
            #expect(
                variants.map { "\($0["name"] ?? ""), \($0["type"] ?? "")" } == [
                    "as it was, FP32", "as it was, INT8", "zeros:0.6, not trained, FP32", "zeros:0.6, FP32",
                    "zeros:0.6, INT8",
                ])
            let after = try ModelFile.read(folder.appending(path: "sparse")).model
            #expect(abs(PruningMask(ofZerosIn: after).sparsity - 0.6) < 1e-3)
            #expect(abs((result["sparsity"] as? Double ?? 0) - 0.6) < 1e-3)
            // Six steps of training changed what was kept.
            #expect(after.parameterCount == before.parameterCount)
            try retort.succeed("\(line) cut --steps 0")
            let cut = try ModelFile.read(folder.appending(path: "cut")).model
            #expect(abs(PruningMask(ofZerosIn: cut).sparsity - 0.6) < 1e-3)
            #expect(cut.tensors.mapValues(\.scalars) != after.tensors.mapValues(\.scalars))
            let quantized = try retort.succeed("quantize sparse --data mini --calibration 20 --output int8 --json")
                .json()
            #expect((quantized["sparsity"] as? Double ?? 0) > 0.59)
        }
    }
}

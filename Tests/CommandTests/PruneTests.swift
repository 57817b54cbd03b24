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
            let before = try #require(try ModelFile.read(folder.appending(path: "big")).module)
            let line = "prune big --data mini --to zeros:0.6 --output"
            let result = try retort.succeed("\(line) sparse --steps 6 --json").json()
            let variants = try #require(result["variants"] as? [[String: Any]])
            #expect(
                variants.map { "\($0["name"] ?? ""), \($0["type"] ?? "")" } == [
                    "as it was, FP32", "as it was, quantised, INT8", "zeros:0.6, not trained, FP32", "zeros:0.6, FP32",
                    "zeros:0.6, quantised, INT8",
                ])
            let after = try #require(try ModelFile.read(folder.appending(path: "sparse")).module)
            #expect(abs(PruningMask(ofZerosIn: after).sparsity - 0.6) < 1e-3)
            #expect(abs((result["sparsity"] as? Double ?? 0) - 0.6) < 1e-3)
            // Six steps of training changed what was kept.
            #expect(after.parameterCount == before.parameterCount)
            try retort.succeed("\(line) cut --steps 0")
            let cut = try #require(try ModelFile.read(folder.appending(path: "cut")).module)
            #expect(abs(PruningMask(ofZerosIn: cut).sparsity - 0.6) < 1e-3)
            #expect(cut.tensors.mapValues(\.scalars) != after.tensors.mapValues(\.scalars))
            let quantized = try retort.succeed("quantize sparse --data mini --calibration 20 --output int8 --json")
                .json()
            #expect((quantized["sparsity"] as? Double ?? 0) > 0.59)
        }
    }
    @Test(
        "rank: layers are split until few enough multiply-adds are left, and every command takes the graph that is written"
    )
    func rank() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("train --data mini --architecture mlp-16 --steps 3 --output big")
            let line = "prune big --data mini --to rank:0.6 --steps 2 --output low --json"
            let variants = try #require(try retort.succeed(line).json()["variants"] as? [[String: Any]])
            let costs = variants.compactMap { $0["multiplyAdds"] as? Int }
            #expect(costs.count == 5 && 5 * costs[3] <= 3 * costs[0], "\(costs)")
            let info = try retort.succeed("info low --json").json()
            #expect(info["multiplyAdds"] as? Int == costs[3])
            let report = try retort.succeed("evaluate low --data mini --json").json()
            #expect(report["accuracy"] as? Double == variants[3]["accuracy"] as? Double)
            try retort.succeed("quantize low --data mini --calibration 20 --output int8")
            try retort.succeed("distill --teacher low --data mini --architecture mlp-4 --steps 1 --output student")
            // A graph is cut again.
            try retort.succeed("prune low --data mini --to energy:0.5 --steps 0 --output lower")
            let outcome = try retort.run(
                "prune big --data mini --to rank:0.001 --output x".split(separator: " ").map(String.init))
            #expect(
                outcome.status == 64
                    && outcome.errors.contains("--to: rank:0.001: 0.001 of the multiply-adds cannot be"),
                "\(outcome.errors)")
        }
    }
}

import Autograd
import Foundation
import TensorCore
import TestSupport
import Testing

@Suite struct RearrangementTests {
    /// What a function of variables gives for a tensor.
    private func value(_ x: Tensor, _ function: (Variable) -> Variable) -> [Float] {
        function(Tape(mode: .evaluation).constant(x)).value.scalars
    }

    @Test("Depth to space and back, in the orders of ONNX Runtime and PyTorch")
    func depthToSpace() {
        // Channels first, x is 0 … 15: from ONNX Runtime's DepthToSpace, block 2, printed with channels last.
        let x = Tensor((0..<16).map(Float.init), shape: [1, 8, 1, 2]).transposed([0, 2, 3, 1])
        #expect(value(x) { $0.depthToSpace(block: 2) } == [0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15])
        #expect(value(x) { $0.pixelShuffled(by: 2) } == [0, 8, 2, 10, 1, 9, 3, 11, 4, 12, 6, 14, 5, 13, 7, 15])
        #expect(value(x) { $0.depthToSpace(block: 2).spaceToDepth(block: 2) } == x.scalars)
        #expect(value(x) { $0.pixelShuffled(by: 2).pixelUnshuffled(by: 2) } == x.scalars)
        // SpaceToDepth.
        let y = Tensor((0..<16).map(Float.init), shape: [1, 2, 2, 4]).transposed([0, 2, 3, 1])
        #expect(value(y) { $0.spaceToDepth(block: 2) } == [0, 8, 1, 9, 4, 12, 5, 13, 2, 10, 3, 11, 6, 14, 7, 15])
    }

    @Test("Channels of the groups take turns, as in ShuffleNet")
    func shuffle() {
        let x = Tensor((0..<12).map(Float.init), shape: [2, 1, 1, 6])
        #expect(value(x) { $0.channelsShuffled(groups: 2) } == [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11])
        #expect(value(x) { $0.channelsShuffled(groups: 3).channelsShuffled(groups: 2) } == x.scalars)
    }

    @Test("Blocks and groups that do not divide stop the program, with a text that says so")
    func refusals() async {
        let shuffled = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .evaluation).constant(.ones([1, 2, 2, 6])).pixelShuffled(by: 2)
        }
        #expect(text(shuffled).contains("pixelShuffled: blocks of 2² do not divide 6 channels"))
        let gathered = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .evaluation).constant(.ones([1, 3, 2, 6])).spaceToDepth(block: 2)
        }
        #expect(text(gathered).contains("spaceToDepth: blocks of 2² do not divide images of 3×2"))
        let groups = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .evaluation).constant(.ones([1, 3, 2, 6])).channelsShuffled(groups: 4)
        }
        #expect(text(groups).contains("channelsShuffled: 4 groups do not divide 6 channels"))
    }

    private func text(_ result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    @Test(
        "Local response normalisation divides by a power of the mean square of the channels around",
        arguments: [1, 2, 3, 4, 7], [[1, 1, 1, 1], [2, 2, 3, 5], [1, 3, 1, 17]] as [Shape])
    func localResponse(size: Int, shape: Shape) {
        var random = Philox(seed: 81)
        let x = Tensor(normal: shape, using: &random)
        #expect(
            gradientComplaints(
                [x], operation: { $0[0].localResponseNormalized(size: size, alpha: 0.7, beta: 0.75, bias: 1.5) },
                oracle: { arrays in
                    arrays[0].mapRows { row in
                        row.indices.map { c in
                            // From ⌊(size − 1) / 2⌋ before to ⌈(size − 1) / 2⌉ after.
                            let around = max(0, c - (size - 1) / 2)...min(row.count - 1, c + size / 2)
                            let squares = around.reduce(0) { $0 + row[$1] * row[$1] }
                            return row[c] / pow(1.5 + 0.7 / Double(size) * squares, 0.75)
                        }
                    }
                }) == [])
    }
}

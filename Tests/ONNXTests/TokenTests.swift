import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import ONNX

@Suite("What a model has once and every image of a batch needs")
struct TokenTests {
    /// Images that two runs must agree on, alone and in a batch.
    private static func check(_ model: ONNXModel, input: Tensor, parameters: [String]) throws {
        let expected = try #require(try model.run(["x": ONNXTensor(input)])[model.outputs[0].name]).tensor
        let images = input.shape.rank == 4 ? input.transposed([0, 2, 3, 1]) : input
        let graph = try model.graph()
        #expect(relativeDifference(try InferencePlan(graph)(images), expected) < 1e-6)
        #expect(try TracedNetwork(graph).parameters.map(\.path) == parameters)
        let again = try ONNXModel(ONNXExport(graph).data(), name: "again").graph()
        #expect(relativeDifference(try InferencePlan(again)(images), expected) < 1e-6)
    }

    private static func random(_ shape: Shape) -> Tensor {
        var random = Philox(seed: 7)
        return Tensor(normal: shape, using: &random)
    }

    @Test("A token that PyTorch expands to the batch size stands beside the tokens of every image")
    func expanded() throws {
        // torch.onnx.export of cat([token.expand(x.shape[0], -1, -1), x], 1).
        var m = QuantizedModels()
        let token = m.numbers([0.5, -1, 2, 0.25, 3], [1, 1, 5])
        let batch = m.add("Gather", [m.add("Shape", ["x"]), m.integers([0], [])])
        let wanted = m.add(
            "Concat", [m.add("Unsqueeze", [batch, m.integers([0])]), m.integers([-1]), m.integers([-1])],
            ["axis": .int(0)])
        let ones = m.integers([1, 1, 1])
        let isOpen = m.add("Equal", [wanted, m.add("Mul", [ones, m.integers([-1])])])
        let tokens = m.add("Expand", [token, m.add("Where", [isOpen, ones, wanted])])
        let joined = m.add("Concat", [tokens, "x"], ["axis": .int(1)])
        let shares = m.add("Softmax", [joined], ["axis": .int(1)])
        try Self.check(m.model(shares, input: [nil, 4, 5]), input: Self.random([3, 4, 5]), parameters: [token])
    }

    @Test("A row of pixels, where channels lie last, and a token where the batch is the second axis")
    func elsewhere() throws {
        var images = QuantizedModels()
        let row = images.numbers([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [1, 3, 1, 4])
        let count = images.add("Gather", [images.add("Shape", ["x"]), images.integers([0])])
        let extents = images.add("Concat", [count, images.integers([3, 1, 4])], ["axis": .int(0)])
        let padded = images.add("Concat", ["x", images.add("Expand", [row, extents])], ["axis": .int(2)])
        let cut = images.add("Relu", [padded])
        try Self.check(images.model(cut), input: Self.random([2, 3, 4, 4]), parameters: [row])

        var tokens = QuantizedModels()
        let first = tokens.numbers([1, 2], [1, 1, 2])
        let batch = tokens.add("Gather", [tokens.add("Shape", ["x"]), tokens.integers([0])])
        let size = tokens.add("Concat", [tokens.integers([1]), batch, tokens.integers([2])], ["axis": .int(0)])
        let turned = tokens.add("Transpose", ["x"], ["perm": .ints([1, 0, 2])])
        let shares = tokens.add("Softmax", [turned], ["axis": .int(-1)])
        let weights = tokens.numbers([1, 2, -3, 4], [2, 2])
        let product = tokens.add("MatMul", [shares, weights])
        let joined = tokens.add("Concat", [tokens.add("Expand", [first, size]), product], ["axis": .int(0)])
        let result = tokens.add("Transpose", [joined], ["perm": .ints([1, 0, 2])])
        try Self.check(
            tokens.model(result, input: [nil, 3, 2]), input: Self.random([4, 3, 2]), parameters: [weights, first])
    }

    @Test("Extents say where the batch is: a sequence with the batch second, as PyTorch's nn.MultiheadAttention has it")
    func sequenceFirst() throws {
        var m = QuantizedModels()
        let turned = m.add("Transpose", ["x"], ["perm": .ints([1, 0, 2])])
        let extents = m.add("Shape", [turned])
        let (tokens, batch) = (
            m.add("Gather", [extents, m.integers([0])]), m.add("Gather", [extents, m.integers([1])])
        )
        func reshaped(_ x: String, _ extents: [String]) -> String {
            m.add("Reshape", [x, m.add("Concat", extents, ["axis": .int(0)])])
        }
        func swapped(_ x: String) -> String { m.add("Transpose", [x], ["perm": .ints([1, 0, 2])]) }
        // [T, N, 4] as [T · N, 4]; to two heads of 3 channels [T, N · 2, 3]; and back.
        let (rows, two) = (m.add("Mul", [tokens, batch]), m.integers([2]))
        let weights = m.numbers((0..<24).map { Float($0 * 7 % 11) - 5 }, [4, 6])
        let product = m.add("MatMul", [reshaped(turned, [rows, m.integers([4])]), weights])
        let heads = swapped(reshaped(product, [tokens, m.add("Mul", [batch, two]), m.integers([3])]))
        let mixed = swapped(m.add("Softmax", [heads], ["axis": .int(1)]))
        let joined = m.add("Relu", [reshaped(mixed, [rows, m.integers([6])])])
        let result = swapped(reshaped(joined, [tokens, batch, m.integers([6])]))
        try Self.check(m.model(result, input: [nil, 3, 4]), input: Self.random([5, 3, 4]), parameters: [weights])
    }
}

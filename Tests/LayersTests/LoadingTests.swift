import Layers
import TensorCore
import Testing

@Suite struct LoadingTests {
    private let network = MLP(inputs: 2, hidden: [], classes: 3, seed: 1)

    /// What loading says, and that it then changed nothing.
    private func refusal(_ change: (inout [String: Tensor]) -> Void) -> String? {
        var tensors = MLP(inputs: 2, hidden: [], classes: 3, seed: 2).tensors
        change(&tensors)
        var model = network
        let error = #expect(throws: FormatError.self) { try model.load(tensors, from: "model.safetensors") }
        #expect(model.tensors == network.tensors)
        return error?.description
    }

    @Test("A model takes over another's tensors by path and then computes the same")
    func loading() throws {
        var model = network
        let other = MLP(inputs: 2, hidden: [], classes: 3, seed: 2)
        try model.load(other.tensors, from: "other")
        #expect(model.tensors == other.tensors && model.tensors != network.tensors)
        #expect(model.predict(.ones([1, 2])) == other.predict(.ones([1, 2])))
    }

    @Test("Missing, left over, misshapen and non-finite tensors are refused by name, and nothing is taken over")
    func refusals() {
        #expect(
            refusal { $0["layers.0.bias"] = nil }
                == "model.safetensors: tensor layers.0.bias: nothing found, shape [3] expected")
        #expect(
            refusal { $0["layers.0.weight"] = .ones([3, 2]) }
                == "model.safetensors: tensor layers.0.weight: shape [3, 2] found, [2, 3] expected")
        #expect(
            refusal { $0["layers.0.bias"] = Tensor([0, .nan, 0]) }
                == "model.safetensors: tensor layers.0.bias: NaN or infinity found, finite numbers expected")
        #expect(
            refusal { $0["layers.1.bias"] = .ones([3]) }
                == "model.safetensors: tensor layers.1.bias: a tensor that the network does not have found, "
                + "2 tensors of MLP expected")
    }
}

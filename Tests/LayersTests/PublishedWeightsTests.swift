import Autograd
import Layers
import TensorCore
import Testing

@Suite struct PublishedWeightsTests {
    /// A grouped convolution without bias, its normalisation, and a dense layer, all of odd sizes.
    struct Small: Module {
        var block: ConvNormActivation
        var fc: Dense

        init(classes: Int = 3) {
            var random = Philox(seed: 7)
            block = ConvNormActivation(4, 6, groups: 2, using: &random)
            fc = Dense(6, classes, using: &random)
        }

        func callAsFunction(_ input: Variable) -> Variable { fc(block(input).globalAveragePooled()) }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("block", &block)
            visitor("fc", &fc)
        }
    }

    /// Numbers that tell their place.
    private static func counting(_ shape: Shape, from start: Float) -> Tensor {
        Tensor((0..<shape.elementCount).map { start + Float($0) }, shape: shape)
    }

    private static let published: [String: Tensor] = [
        "block.0.weight": counting([6, 2, 3, 3], from: 0), "block.1.weight": counting([6], from: 200),
        "block.1.bias": counting([6], from: 210), "block.1.running_mean": counting([6], from: 220),
        "block.1.running_var": counting([6], from: 230), "fc.weight": counting([3, 6], from: 240),
        "fc.bias": counting([3], from: 260),
    ]

    private static func file(_ tensors: [String: Tensor]) -> SafetensorsFile {
        SafetensorsFile(tensors: tensors.map { ($0.key, $0.value) })
    }

    /// What loading says, and that it then changed nothing.
    private func refusal(_ change: (inout [String: Tensor]) -> Void) -> String? {
        var tensors = Self.published
        change(&tensors)
        var network = Small()
        let error = #expect(throws: FormatError.self) { try network.loadPublished(Self.file(tensors)) }
        #expect(network.tensors == Small().tensors)
        return error?.description
    }

    @Test("Layouts are turned, normalisations renamed, counters ignored, and a prefix left out")
    func loading() throws {
        var file = Self.file(Dictionary(uniqueKeysWithValues: Self.published.map { ("module.\($0)", $1) }))
        file.entries["module.block.1.num_batches_tracked"] = .init([Int64(4)], shape: [])
        var network = Small()
        #expect(try network.loadPublished(file) == nil)
        // [C', C / groups, height, width]: filter 4, channel 1, row 2, column 0.
        let place = ((2 * 3 + 0) * 2 + 1) * 6 + 4
        #expect(network.block.convolution.weight.value.scalars[place] == Float(((4 * 2 + 1) * 3 + 2) * 3 + 0))
        #expect(network.fc.weight.value.scalars[5 * 3 + 1] == Float(240 + 1 * 6 + 5))
        #expect(network.fc.bias.value.scalars == [260, 261, 262])
        let norm = network.block.normalization
        #expect(norm.scale.value.scalars[0] == 200 && norm.shift.value.scalars[0] == 210)
        #expect(norm.runningMean.value.scalars[5] == 225 && norm.runningVariance.value.scalars[5] == 235)
    }

    @Test("A head for another number of classes stays fresh, weight and bias, and is named")
    func head() throws {
        var network = Small(classes: 5)
        let head = try network.loadPublished(Self.file(Self.published))
        #expect(head == FreshHead(path: "fc", classes: 5, publishedClasses: 3))
        #expect("\(head!)" == "fc keeps its fresh weights for 5 classes, the published ones are for 3")
        #expect(network.fc.weight.value == Small(classes: 5).fc.weight.value)
        #expect(network.fc.bias.value == Small(classes: 5).fc.bias.value)
        #expect(network.block.normalization.scale.value.scalars[0] == 200)
        // One that is left out is missing, whatever its classes.
        var tensors = Self.published
        tensors["fc.bias"] = nil
        #expect(throws: FormatError.self) { try network.loadPublished(Self.file(tensors)) }
    }

    @Test("What is missing and what is left over is listed, and other shapes are refused; nothing is taken over")
    func refusals() {
        #expect(
            refusal {
                $0["fc.bias"] = nil
                $0["block.1.running_var"] = nil
                $0["aux.weight"] = .ones([2])
            }
                == "safetensors: tensors: no block.1.running_var, fc.bias; and aux.weight, which the network does not "
                + "have found, the 7 tensors of Small expected")
        #expect(
            refusal { $0["block.0.weight"] = .ones([6, 4, 3, 3]) }
                == "safetensors: tensor block.0.weight: shape [6, 4, 3, 3] found, [6, 2, 3, 3] expected")
        #expect(
            refusal { $0["fc.weight"] = .ones([3, 7]) }
                == "safetensors: tensor fc.weight: shape [3, 7] found, [3, 6] expected")
        #expect(
            refusal { $0["module.fc.bias"] = .ones([3]) }
                == "safetensors: tensors: fc.bias and module.fc.bias found, one of them expected")
        #expect(refusal { $0["block.1.weight"] = Tensor([1, 2, .nan, 4, 5, 6]) }?.contains("nan at element 2") == true)
        #expect(refusal { $0["block.1.bias"] = .ones([6, 1]) }?.contains("[6, 1] found, [6] expected") == true)
    }

    @Test("Of many names the first twelve are listed")
    func many() {
        let text = refusal { $0 = Dictionary(uniqueKeysWithValues: (10..<30).map { ("x\($0)", .ones([1])) }) }
        #expect(text?.contains("x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21 and 8 more, which") == true)
    }
}

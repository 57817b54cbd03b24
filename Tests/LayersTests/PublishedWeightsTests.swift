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
        #expect(try network.loadPublished(file).isEmpty)
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
        let differences = try network.loadPublished(Self.file(Self.published))
        #expect(differences == [.freshHead("fc", classes: 5, publishedClasses: 3)])
        #expect("\(differences[0])" == "fc keeps its fresh weights for 5 classes, the published ones are for 3")
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

    @Test("A vision transformer for other images gets resampled positions, those of timm's resample_abs_pos_embed")
    func positions() throws {
        // 1 + 3×3 places: the class's, and channels (place · place) % 17 of place 0 ... 17, two a place.
        let first = [-1, -2] + (0..<18).map { Float($0 * $0 % 17) }
        // What timm 1.0.31 makes of them: a smaller grid, a larger one.
        let expected: [(height: Int, width: Int, values: [Float])] = [
            (2, 2, [-1, -2, 2.499044, 7.765902, 13.371771, 7.850101, 7.850101, 13.371771, 7.765901, 2.499044]),
            (
                2, 4,
                [
                    -1, -2, 0.101195, 5.602668, 4.128224, 9.266517, 11.113099, 9.320608, 16.67691, 5.731032, 5.731032,
                    16.676912, 9.320608, 11.113099, 9.266517, 4.128224, 5.602668, 0.101195,
                ]
            ),
        ]
        for (height, width, values) in expected {
            var network = VisionTransformer(
                .tiny, height: 16 * height, width: 16 * width, channels: 3, classes: 2, seed: 1)
            let square = VisionTransformer(.tiny, height: 48, width: 48, channels: 3, classes: 2, seed: 2)
            var tensors: [String: Tensor] = [:]
            for (path, parameter) in square.parameters {
                let isConvolution = parameter.value.shape.rank == 4
                tensors[path.replacing("scale", with: "weight").replacing("shift", with: "bias")] =
                    isConvolution
                    ? parameter.value.transposed([3, 2, 0, 1])
                    : parameter.value.shape.rank == 2 ? parameter.value.transposed([1, 0]) : parameter.value
            }
            // The two channels again and again.
            tensors["pos_embed"] = Tensor(
                (0..<1920).map { first[$0 / 192 * 2 + $0 % 2] }, shape: [1, 10, 192])
            let differences = try network.loadPublished(Self.file(tensors))
            #expect(differences == [.resampled("pos_embed", from: [3, 3], to: [height, width])])
            #expect("\(differences[0])" == "pos_embed is resampled from a grid of 3×3 to \(height)×\(width)")
            let found = network.positions.value.scalars
            for (index, value) in found.enumerated() {
                #expect(abs(value - values[index / 192 * 2 + index % 2]) < 1e-4, "\(height)×\(width), \(index)")
            }
            // A grid that is not square is none that was published.
            tensors["pos_embed"] = .zeros([1, 8, 192])
            #expect(throws: FormatError.self) { try network.loadPublished(Self.file(tensors)) }
        }
    }

    @Test("Of many names the first twelve are listed")
    func many() {
        let text = refusal { $0 = Dictionary(uniqueKeysWithValues: (10..<30).map { ("x\($0)", .ones([1])) }) }
        #expect(text?.contains("x10, x11, x12, x13, x14, x15, x16, x17, x18, x19, x20, x21 and 8 more, which") == true)
    }
}

import Autograd
import Graph
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Quantize

/// Transposed convolutions and resizing have no kernel on uint8.
@Suite struct WideningTests {
    struct Widening: Module {
        var first, last: Conv2D
        var widen: TransposedConv2D
        var classifier: Dense

        init() {
            var random = Philox(seed: 4)
            first = Conv2D(1, 8, kernel: 3, stride: 2, using: &random)
            widen = TransposedConv2D(8, 4, kernel: 2, stride: 2, using: &random)
            last = Conv2D(4, 4, kernel: 3, using: &random)
            classifier = Dense(4, 3, using: &random)
        }

        func callAsFunction(_ input: Variable) -> Variable {
            let wide = widen(first(input).relu())
            let half = wide.resized(to: (wide.shape[1] / 2, wide.shape[2] / 2), Interpolation(.linear))
            return classifier(last(half).relu().globalAveragePooled())
        }

        mutating func visitParameters(_ visitor: ParameterVisitor) {
            visitor("first", &first)
            visitor("widen", &widen)
            visitor("last", &last)
            visitor("classifier", &classifier)
        }
    }

    @Test("Computed in float32 unasked, and told; a file gives back the same bits")
    func floatOnly() throws {
        let (network, images) = (Widening(), smoothImages(20, side: 8, seed: 7))
        let mixed = try QuantizedModel(network, calibratedOn: [images])
        #expect(mixed.nodes.filter(\.isFloat).map(\.operation) == ["transposedConvolution2D", "resize"])
        #expect(mixed.nodes.compactMap(\.floatReason) == ["no INT8 kernel", "no INT8 kernel"])
        #expect(signalToNoise(mixed.predict(images), network.predict(images)) > 25)
        let copy = try QuantizedModel.decode(mixed.file(metadata: [:])).model
        #expect(copy.predict(images).isBitIdentical(to: mixed.predict(images)))
    }
}

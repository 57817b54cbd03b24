import Autograd
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Graph

@Suite struct TracedNetworkTests {
    /// The loss, the gradients by path and what the statistics become in one training pass.
    static func step<M: Module>(
        _ model: M, _ images: Tensor
    ) -> (loss: Float, gradients: [String: Tensor], after: [String: Tensor]) {
        var model = model
        let labels = (0..<images.shape[0]).map { Optional($0 % 3) }
        let (loss, gradients) = valueAndGradients(of: &model) { model, tape in
            model(tape.input(images)).softmaxCrossEntropy(labels: labels)
        }
        let pairs = model.parameters.compactMap { path, parameter in gradients[parameter.slot].map { (path, $0) } }
        return (loss, Dictionary(uniqueKeysWithValues: pairs), model.tensors)
    }

    @Test("It trains and predicts with the bits of the network that was traced, and has its feature maps")
    func sameBits() throws {
        /// - Parameter folds: whether the module itself folds its normalisations in evaluation, as a ConvolutionBlock does.
        func check(_ model: some Module, _ images: Tensor, features: Set<String>, folds: Bool = true) throws {
            let shape = Shape(Array(images.shape.dropFirst()))
            let traced = try TracedNetwork(NetworkGraph(tracing: model, inputShape: shape))
            let (found, expected) = (traced.predict(images), model.predict(images))
            #expect(
                folds ? found.isBitIdentical(to: expected) : (found - expected).scalars.allSatisfy { abs($0) < 1e-5 })
            let (own, other) = (Self.step(model, images), Self.step(traced, images))
            #expect(own.loss == other.loss)
            for (path, gradient) in own.gradients {
                #expect(other.gradients[path]?.isBitIdentical(to: gradient) == true, "\(path)")
            }
            for (path, tensor) in own.after {
                #expect(other.after[path]?.isBitIdentical(to: tensor) == true, "\(path)")
            }
            for mode in [Tape.Mode.training, .evaluation] {
                let tapes = (Tape(mode: mode, features: features), Tape(mode: mode, features: features))
                _ = (model(tapes.0.input(images)), traced(tapes.1.input(images)))
                #expect(Set(tapes.0.features.keys) == features && Set(tapes.1.features.keys) == features)
                for name in features {
                    #expect(tapes.0.features[name]?.value.isBitIdentical(to: tapes.1.features[name]!.value) == true)
                }
            }
        }
        let grey = smoothImages(6, side: 8, seed: 3)
        try check(
            withStatistics(ConvNet(width: 4, channels: 1, classes: 3, seed: 1), seed: 2), grey,
            features: ["stage1", "stage2"])
        try check(
            withStatistics(ResNet(depth: 8, channels: 1, classes: 3, seed: 1), seed: 2), grey,
            features: ["stage1", "stage2", "stage3"])
        try check(MLP(inputs: 64, hidden: [9, 5], classes: 3, seed: 1), grey, features: [])
        try check(
            withStatistics(Patchwork(seed: 1), seed: 2), smoothImages(6, side: 16, channels: 2, seed: 4), features: [],
            folds: false)
    }

    @Test("Tracing it again gives its graph, whose tensors are those it has now")
    func tracedAgain() throws {
        let model = withStatistics(ResNet(depth: 8, channels: 1, classes: 3, seed: 1), seed: 2)
        var traced = try TracedNetwork(NetworkGraph(tracing: model, inputShape: [8, 8, 1]))
        traced.forEachParameter { if $0 == "stem.convolution.weight" { $1.value = $1.value * 2 } }
        let (again, own) = (try NetworkGraph(tracing: traced, inputShape: [8, 8, 1]), traced.graph())
        #expect(again.nodes.map(\.operation) == own.nodes.map(\.operation))
        #expect(again.nodes.map(\.features) == own.nodes.map(\.features))
        for (a, b) in zip(again.nodes, own.nodes) { #expect(a.tensors == b.tensors) }
    }

    @Test("An operation whose shape(of:) differs from its result is named when it is traced")
    func wrongShape() throws {
        struct Lying: GraphOperation {
            static let name = "test.lying"
            func shape(of operands: [Shape]) throws(OperationError) -> Shape { [operands[0][0], 7] }
            func forward(_ operands: [Tensor]) -> Tensor { operands[0] }
            func record(_ operands: [Variable]) -> Variable {
                operands[0].tape.record(AnyOperation(self), operands[0].value, from: operands[0]) { $0 }
            }
        }
        let error = #expect(throws: GraphError.self) {
            try NetworkGraph(tracing: ClosureModule { Lying().record([$0.flattened()]) }, inputShape: [2, 2, 1])
        }
        #expect(error?.description == "test.lying: its shape(of:) is [N, 7], its result has [N, 4]")
    }

    @Test("Extents follow a batch that an operation moves or merges; what follows no batch has none")
    func batchShapes() {
        #expect(BatchShape(one: [1, 4, 3], two: [2, 4, 3])?.description == "[N, 4, 3]")
        #expect(BatchShape(one: [4, 1, 3], two: [4, 2, 3])?.description == "[4, N, 3]")
        #expect(BatchShape(one: [4, 3], two: [8, 3])?.description == "[4·N, 3]")
        #expect(BatchShape(one: [4, 3], two: [8, 3])?.shape(batch: 5) == [20, 3])
        #expect(BatchShape(one: [1, 4], two: [2, 4])?.image == [4])
        #expect(BatchShape(one: [4, 1], two: [4, 2])?.image == [4, 1])
        #expect(BatchShape(one: [4, 3], two: [4, 5]) == nil && BatchShape(one: [4], two: [4, 1]) == nil)
    }
}

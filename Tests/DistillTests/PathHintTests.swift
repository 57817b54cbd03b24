import Autograd
import Layers
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

@Suite struct PathHintTests {
    @Test("The map of a layer's path is what the layer gives, in training, in evaluation, and within a fused block")
    func maps() throws {
        let network = withStatistics(ResNet(depth: 8, channels: 1, classes: 3, seed: 1), seed: 2)
        var random = Philox(seed: 3)
        let input = Tensor(uniform: [2, 8, 8, 1], in: -1...1, using: &random)
        for mode in [Tape.Mode.training, .evaluation] {
            let names: Set = ["stem", "stem.convolution", "stage1", "stage1.0", "stage2.0.first", "classifier"]
            let found = network.featureMaps(names, of: input, mode: mode)
            #expect(Set(found.maps.keys) == names)
            #expect(found.maps["classifier"] == found.logits)
            #expect(found.maps["stage1.0"] == found.maps["stage1"])  // of depth 8 the stage is this block
            // By hand: each part by itself on a tape of its own, which the same batch statistics go through.
            let tape = Tape(mode: mode, features: ["never.asked"])
            var parts = network
            if mode == .training { tape.bind(&parts) }
            let convolved = parts.stem.convolution(tape.constant(input))
            #expect(found.maps["stem.convolution"] == convolved.value)
            let stem = parts.stem.normalization(convolved, relu: true)
            #expect(found.maps["stem"] == stem.value)
            let first = parts.stage2[0].first(parts.stage1[0](stem))
            #expect(try #require(found.maps["stage2.0.first"]).distance(to: DoubleArray(first.value)) < 1e-4)
        }
        #expect(network.featureMaps(["stage9.0"], of: input).maps.isEmpty)
    }

    @Test(
        "A hint by paths trains the student as the hint by the names of the same maps does, and is logged by its paths")
    func hints() throws {
        var named = Distiller(teacher: TinyLesson.teacher, hints: [Hint("late")])
        let byName = try TinyLesson.result(named)
        named.hints = [Hint("second")]
        let byPath = try TinyLesson.result(named)
        // The teacher's blocks are not fused where parts of them are asked for, so their last bits may differ.
        let (a, b) = (byName.history.epochs.last?.loss ?? 0, byPath.history.epochs.last?.loss ?? 1)
        #expect(abs(a - b) < 1e-3 * a)
        #expect(byPath.history.epochs.last?.values["hint second"] != nil)
        named.hints = [Hint(student: "first.normalization", teacher: "first.convolution", loss: .marginReLU)]
        #expect(try TinyLesson.result(named).history.epochs.last?.loss.isFinite == true)
        named.hints = [Hint("second.3")]
        let error = #expect(throws: ConfigurationError.self) { try TinyLesson.result(named) }
        #expect(
            error?.description == "hints[0].student: no feature map 'second.3'; the network has early, late")
    }
}

import Autograd
import TensorCore
import Testing

@Suite struct TapeTests {
    @Test("A bound tensor that nothing depends on gets zeros, a statistic gets none, a detached one gets nothing")
    func reach() {
        let tape = Tape(mode: .training)
        let used = tape.bind(Tensor([2, 3]), path: "used", needsGradient: true)
        let unused = tape.bind(Tensor([1, 1]), path: "unused", needsGradient: true)
        let statistic = tape.bind(Tensor([5, 5]), path: "statistic", needsGradient: false)
        let x = tape.variable(at: used)!
        let loss = (x * x.detached() * tape.variable(at: statistic)!).sum()
        let gradients = tape.gradients(of: loss)
        #expect(gradients[used] == Tensor([10, 15]))  // x · c, not 2 x · c
        #expect(gradients[unused] == .zeros([2]))
        #expect(gradients[statistic] == nil)
        #expect(gradients[nil] == nil)
    }

    @Test("A slot of another tape is nobody's: constants, no gradient, no replacement")
    func otherTape() {
        let tape = Tape(mode: .training)
        let other = Tape(mode: .training)
        let slot = other.bind(Tensor([1]), path: "w", needsGradient: true)
        #expect(tape.variable(at: slot) == nil)
        tape.replace(slot, with: Tensor([2]))
        #expect(tape.replacement(at: slot) == nil && other.replacement(at: slot) == nil)
        let loss = other.variable(at: slot)!.sum()
        #expect(tape.gradients(of: tape.constant(Tensor(1)))[slot] == nil)
        #expect(other.gradients(of: loss)[slot] == Tensor([1]))
    }

    @Test("In evaluation nothing is recorded, and a gradient is nothing")
    func evaluation() {
        let tape = Tape(mode: .evaluation)
        let slot = tape.bind(Tensor([1, 2]), path: "w", needsGradient: true)
        let x = tape.variable(at: slot)!
        #expect(tape.gradients(of: (x * x).sum())[slot] == nil)
    }

    @Test("A replacement is what was asked for last")
    func replacement() {
        let tape = Tape(mode: .training)
        let slot = tape.bind(Tensor([1]), path: "mean", needsGradient: false)
        #expect(tape.replacement(at: slot) == nil)
        tape.replace(slot, with: Tensor([2]))
        tape.replace(slot, with: Tensor([3]))
        #expect(tape.replacement(at: slot) == Tensor([3]))
    }

    @Test("Feature maps that were asked for are kept, gradients flow through them, others are not kept")
    func features() {
        let tape = Tape(mode: .training, features: ["early"])
        let slot = tape.bind(Tensor([3]), path: "w", needsGradient: true)
        let early = (tape.variable(at: slot)! * 2).named("early")
        _ = (early * 5).named("late")
        #expect(tape.features.keys.sorted() == ["early"])
        #expect(tape.features["early"]?.value == Tensor([6]))
        let loss = tape.features["early"]!.sum()
        #expect(tape.gradients(of: loss)[slot] == Tensor([2]))
    }

    @Test("A tape that keeps feature maps, bindings and pullbacks is freed with its last user")
    func lifetime() {
        weak var observed: Tape?
        do {
            let tape = Tape(mode: .training, features: ["map"], tracing: true)
            observed = tape
            let slot = tape.bind(Tensor([3]), path: "w", needsGradient: true)
            _ = (tape.variable(at: slot)! * 2).named("map")
        }
        #expect(observed == nil)
    }

    @Test("A trace names parameters, operations and their inputs, in the order of the pass")
    func tracing() {
        let tape = Tape(mode: .evaluation, tracing: true)
        let x = tape.input(.ones([1, 2]))
        let slot = tape.bind(.ones([2, 3]), path: "classifier.weight", needsGradient: true)
        let output = x.multiplied(byMatrix: tape.variable(at: slot)!).relu()
        let traced = tape.traced(output)!
        #expect(traced.output == 3)
        let lines = traced.trace.entries.map { entry in
            switch entry {
            case .input(let shape): "input \(shape)"
            case .parameter(let path, let tensor): "\(path) \(tensor.shape)"
            case .constant(let tensor): "constant \(tensor.shape)"
            case .operation(let operation, let inputs, let shape): "\(operation) \(inputs) \(shape)"
            }
        }
        #expect(lines == ["input [1, 2]", "classifier.weight [2, 3]", "dense [0, 1] [1, 3]", "relu [2] [1, 3]"])
        #expect(Tape(mode: .evaluation).traced(output) == nil)
    }

    /// The text with which the process stops.
    private func text(_ result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    @Test("Variables of different shapes, tapes and sizes are refused with the reason")
    func refusals() async {
        let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let tape = Tape(mode: .training)
            _ = tape.constant(.ones([2, 3])) + tape.constant(.ones([2]))
        }
        #expect(text(shapes).contains("add: inputs of [2, 3] and [2] found"))
        let tapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2])) + Tape(mode: .training).constant(.ones([2]))
        }
        #expect(text(tapes).contains("add: an input was recorded on another tape"))
        let loss = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let tape = Tape(mode: .training)
            _ = tape.gradients(of: tape.constant(.ones([2])))
        }
        #expect(text(loss).contains("gradients: the loss has shape [2], one element expected"))
        let permutation = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([1, 2])).permutingChannels([0, 2])
        }
        #expect(text(permutation).contains("no permutation of the last axis of [1, 2]"))
        let label = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tape(mode: .training).constant(.ones([2, 3])).softmaxCrossEntropy(labels: [0, 3])
        }
        #expect(text(label).contains("label 3 in row 1, 0 ..< 3 expected"))
    }
}

import Autograd
import Layers
import TensorCore
import TestSupport
import Testing

/// A network of which the visitor leaves one part out.
private struct Forgetful: Module {
    enum Part: CaseIterable { case parameter, module, optional, list }

    let forgotten: Part?
    var scale = Parameter(Tensor([1]))
    var shift: Parameter? = Parameter(Tensor([1]), role: .bias)
    var head = BatchNorm(1)
    var blocks: [any Module] = [Dropout(0.5), BatchNorm(1)]
    // Without parameters, so nobody need visit it.
    var dropout = Dropout(0.1)

    func callAsFunction(_ input: Variable) -> Variable { input }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        if forgotten != .parameter { visitor("scale", &scale) }
        if forgotten != .optional { visitor("shift", &shift) }
        if forgotten != .module { visitor("head", &head) }
        if forgotten != .list { for index in blocks.indices { visitor("blocks.\(index)", &blocks[index]) } }
    }
}

/// A type of its own for each part, since each type is looked through once.
private struct Outer<Tag>: Module {
    var inner: Forgetful
    func callAsFunction(_ input: Variable) -> Variable { inner(input) }
    mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("inner", &inner) }
}

@Suite struct VisitCheckTests {
    @Test("A module whose visitor leaves out only what has no parameters is bound")
    func complete() {
        var network = Outer<Never>(inner: Forgetful(forgotten: nil))
        Tape(mode: .training).bind(&network)
        #expect(network.parameters.count == 10)
    }

    @Test("A parameter, a module, an optional or an element that the visitor forgot stops the program, which names it")
    func forgotten() async {
        let parameter = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var network = Outer<Int>(inner: Forgetful(forgotten: .parameter))
            Tape(mode: .training).bind(&network)
        }
        expect(parameter, "Forgetful.visitParameters: leaves out 'scale' (Parameter)")
        let module = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var network = Outer<Int>(inner: Forgetful(forgotten: .module))
            Tape(mode: .training).bind(&network)
        }
        expect(module, "Forgetful.visitParameters: leaves out 'head' (BatchNorm)")
        let optional = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var network = Outer<Int>(inner: Forgetful(forgotten: .optional))
            Tape(mode: .evaluation, tracing: true).bind(&network)
        }
        expect(optional, "Forgetful.visitParameters: leaves out 'shift' (Parameter)")
        // Behind a type that has shown itself complete before.
        let list = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var network = AnyModule(BatchNorm(1))
            Tape(mode: .training).bind(&network)
            network = AnyModule(Forgetful(forgotten: .list))
            Tape(mode: .training).bind(&network)
        }
        expect(list, "Forgetful.visitParameters: leaves out 'blocks' (BatchNorm)")
    }

    private func expect(_ result: ExitTest.Result?, _ text: String) {
        let found = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(found.contains(text), "\(found)")
    }
}

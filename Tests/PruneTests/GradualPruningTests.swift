import Autograd
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Prune

@Suite struct GradualPruningTests {
    static let images = smoothImages(6, side: 6, seed: 3)

    /// A step of plain gradient descent.
    static func step(_ model: inout ConvNet) {
        let (_, gradients) = valueAndGradients(of: &model) { model, tape in
            model(tape.input(images)).softmaxCrossEntropy(labels: [0, 1, 2, 0, 1, 2])
        }
        model.forEachParameter { _, parameter in
            if let gradient = gradients[parameter.slot] { parameter.value.add(gradient, scaledBy: -0.1) }
        }
    }

    static func zeros(_ model: ConvNet) -> [String: Set<Int>] {
        let weights = model.parameters.filter { $0.parameter.role == .weight }
        return Dictionary(
            uniqueKeysWithValues: weights.map { path, parameter in
                (path, Set(parameter.value.scalars.indices.filter { parameter.value.scalars[$0] == 0 }))
            })
    }

    // By hand, from 0.2 to 0.9 in 4 cuts: 0.9 − 0.7 · (1, ¾, ½, ¼, 0)³.
    @Test("The share of zeros follows the paper's equation at each cut, keeps its value between cuts, and ends exactly")
    func schedule() {
        let pruning = GradualPruning(from: 0.2, to: 0.9, over: 10...30, every: 5)
        let expected: [(Int, Double?)] = [
            (0, nil), (9, nil), (10, 0.2), (14, 0.2), (15, 0.6046875), (19, 0.6046875), (20, 0.8125), (25, 0.8890625),
            (29, 0.8890625), (30, 0.9), (1000, 0.9),
        ]
        for (step, share) in expected {
            let found = pruning.sparsity(afterSteps: step)
            #expect(found == nil ? share == nil : abs((found ?? 0) - (share ?? 2)) < 1e-12, "step \(step)")
        }
        // The last interval is shorter, and one cut alone is the final one.
        #expect(GradualPruning(to: 0.5, over: 0...7, every: 5).sparsity(afterSteps: 7) == 0.5)
        #expect(GradualPruning(from: 0.1, to: 0.5, over: 3...3, every: 1).sparsity(afterSteps: 3) == 0.5)
    }

    @Test(
        "In training zeros only become more, are there after every step, and are as many as planned",
        arguments: [
            PruningMask.Scope.network, .layer,
        ])
    func monotone(scope: PruningMask.Scope) {
        var model = ConvNet(width: 2, channels: 1, classes: 3, seed: 2)
        var pruning = GradualPruning(from: 0.1, to: 0.7, over: 2...10, every: 3, scope: scope)
        var before = Self.zeros(model)
        pruning.update(&model, steps: 0)
        #expect(pruning.mask == nil)
        for step in 1...14 {
            Self.step(&model)
            pruning.update(&model, steps: step)
            let now = Self.zeros(model)
            #expect(before.allSatisfy { $1.isSubset(of: now[$0] ?? []) })
            let share = pruning.sparsity(afterSteps: step) ?? 0
            let sizes = model.parameters.filter { $0.parameter.role == .weight }.map {
                (zeros: now[$0.path]?.count ?? 0, of: $0.parameter.value.count)
            }
            switch scope {
            case .network:
                let total = sizes.reduce(0) { $0 + $1.of }
                #expect(sizes.reduce(0) { $0 + $1.zeros } == Int((share * Double(total)).rounded()))
            case .layer:
                #expect(sizes.allSatisfy { $0.zeros == Int((share * Double($0.of)).rounded()) })
            }
            before = now
        }
        #expect(pruning.mask == PruningMask(ofZerosIn: model))
        #expect(pruning.sparsity(afterSteps: 14) == 0.7)
    }

    @Test("What is cut stays cut though others became smaller")
    func cutStays() {
        var model = MLP(inputs: 4, hidden: [], classes: 1, seed: 1)
        func set(_ values: [Float]) {
            model.forEachParameter { _, parameter in
                if parameter.role == .weight { parameter.value = Tensor(values, shape: parameter.value.shape) }
            }
        }
        var pruning = GradualPruning(from: 0.25, to: 0.5, over: 0...2, every: 2)
        set([3, 2, 1, 4])
        pruning.update(&model, steps: 0)
        set([0, 2, 9, 4])  // the third, which was cut, grew back; the first is 0 by chance
        pruning.update(&model, steps: 1)
        #expect(model.parameters[0].parameter.value.scalars == [0, 2, 0, 4])
        set([0, 0, 9, 4])
        pruning.update(&model, steps: 2)
        set([7, 8, 9, 4])
        pruning.update(&model, steps: 3)
        #expect(model.parameters[0].parameter.value.scalars == [0, 8, 0, 4])
    }

    @Test("A schedule that goes down or back stops the program")
    func refused() async {
        let down = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = GradualPruning(from: 0.6, to: 0.5, over: 0...2, every: 1)
        }
        let downText = String(decoding: down?.standardErrorContent ?? [], as: UTF8.self)
        #expect(downText.contains("from 0.6 to 0.5"))
        let never = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = GradualPruning(to: 0.5, over: 0...2, every: 0)
        }
        let neverText = String(decoding: never?.standardErrorContent ?? [], as: UTF8.self)
        #expect(neverText.contains("every 0"))
    }
}

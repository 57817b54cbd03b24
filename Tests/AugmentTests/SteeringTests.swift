import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("Controllers steer by what the model gets wrong, and let go")
struct SteeringTests {
    /// A report in which class c is right in the given share of 100 images; nil is a class without images.
    private func report(_ accuracies: [Double?], epoch: Int = 0) -> ClassReport {
        let confusion = accuracies.enumerated().map { actual, accuracy in
            var row = [Int](repeating: 0, count: accuracies.count)
            guard let accuracy else { return row }
            row[actual] = Int((accuracy * 100).rounded())
            row[(actual + 1) % row.count] += 100 - row[actual]
            return row
        }
        return ClassReport(
            epoch: epoch, loss: 0, confusion: confusion, classLosses: accuracies.map { _ in 0 })
    }

    @Test("A class below the threshold rises by a step up to the cap; others stay at rest")
    func rises() {
        var controller = ClassController(threshold: 0.9, step: 0.5, cap: 2, decay: 0.5, margin: 0.02)
        #expect(controller.classProbabilities == nil)
        controller.validated(report([0.95, 0.6, 0.99]))
        #expect(controller.classProbabilities == [1, 1.5, 1])
        let shares: [Double] = [1 / 3.5, 1.5 / 3.5, 1 / 3.5]
        #expect(controller.history == [shares])
        controller.validated(report([0.95, 0.7, 0.99]))
        controller.validated(report([0.95, 0.8, 0.99]))
        #expect(controller.classProbabilities == [1, 2, 1])
        #expect(controller.history.count == 3)
    }

    @Test("Above threshold and margin the surplus decays until sampling is left alone; in between it is kept")
    func letsGo() {
        var controller = ClassController(threshold: 0.9, step: 1, cap: 3, decay: 0.5, margin: 0.02)
        controller.validated(report([0.5, 0.95]))
        controller.validated(report([0.91, 0.95]))
        #expect(controller.classProbabilities == [2, 1])
        controller.validated(report([0.92, 0.95]))
        #expect(controller.classProbabilities == [1.5, 1])
        controller.validated(report([nil, 0.95]))
        #expect(controller.classProbabilities == [1.5, 1])
        for _ in 0..<10 { controller.validated(report([0.99, 0.99])) }
        #expect(controller.classProbabilities == nil)
        #expect(controller.history.last == [0.5, 0.5])
    }

    @Test(
        "Each decision has what was found, the threshold, what followed and the weight since; also after a checkpoint")
    func decisions() throws {
        var controller = ClassController(threshold: 0.9, step: 1, cap: 2, decay: 0.5, margin: 0.02)
        #expect(controller.classDecisions == nil)
        func decision(_ found: Double?, _ change: ClassDecision.Change, _ weight: Double) -> ClassDecision {
            ClassDecision(measure: "accuracy", found: found, threshold: 0.9, change: change, weight: weight)
        }
        controller.validated(report([0.5, 0.91, nil]))
        #expect(
            controller.classDecisions == [decision(0.5, .raised, 2), decision(0.91, .held, 1), decision(nil, .held, 1)])
        // At the cap nothing is raised any more; what is beyond the margin at rest has nothing to decay.
        controller.validated(report([0.6, 0.99, 0.2]))
        #expect(
            controller.classDecisions == [decision(0.6, .held, 2), decision(0.99, .held, 1), decision(0.2, .raised, 2)])
        controller.validated(report([0.95, 0.99, 0.91]))
        #expect(
            controller.classDecisions == [
                decision(0.95, .decayed, 1.5), decision(0.99, .held, 1), decision(0.91, .held, 2),
            ])
        let copy = try JSONDecoder().decode(ClassController.self, from: JSONEncoder().encode(controller))
        #expect(copy == controller && copy.classDecisions == controller.classDecisions)
        var byLoss = ClassController(by: .loss, threshold: 0.3)
        byLoss.validated(ClassReport(epoch: 0, loss: 1, confusion: [[1, 0], [0, 0]], classLosses: [0.5, 0]))
        #expect(byLoss.classDecisions?.map(\.found) == [0.5, nil] && byLoss.classDecisions?[0].change == .raised)
    }

    @Test("A threshold of 1 lets a perfect class go, though no accuracy is above it by a margin")
    func perfect() {
        var controller = ClassController(threshold: 1, step: 1)
        controller.validated(report([0.99, 1]))
        #expect(controller.classProbabilities == [2, 1])
        controller.validated(report([1, 1]))
        #expect(controller.classProbabilities == [1.5, 1])
    }

    @Test("Strength is 1 up to the middle rank and grows evenly to the limit; losses' scale does not matter")
    func hardness() {
        for scale in [Float(1), 1000] {
            var controller = HardnessController(.stronger(upTo: 1.5))
            let losses = Dictionary(uniqueKeysWithValues: (0..<5).map { ($0 + 10, Float(5 - $0) * scale) })
            controller.trained(epoch: 0, sampleLosses: losses)
            #expect((10..<15).map { controller.strength(forSample: $0) } == [1.5, 1.25, 1, 1, 1])
            #expect(controller.strength(forSample: 99) == 1)
        }
        var relieving = HardnessController(.weaker(downTo: 0.25))
        relieving.trained(epoch: 0, sampleLosses: [1: 0, 2: 1, 3: 2])
        #expect([1, 2, 3].map { relieving.strength(forSample: $0) } == [1, 1, 0.25])
    }

    @Test("Hardness is a running mean: one bad epoch does not make a sample the hardest, several do")
    func running() {
        var controller = HardnessController(.stronger(upTo: 2), momentum: 0.8)
        controller.trained(epoch: 0, sampleLosses: [1: 1, 2: 0.1, 3: 0])
        controller.trained(epoch: 1, sampleLosses: [2: 2])
        #expect(controller.strength(forSample: 1) == 2 && controller.strength(forSample: 2) == 1)
        for epoch in 2..<6 { controller.trained(epoch: epoch, sampleLosses: [2: 2, 3: .nan]) }
        #expect(controller.strength(forSample: 1) == 1 && controller.strength(forSample: 2) == 2)
    }

    @Test("Controllers come back from JSON as they were, as the same bytes; what they cannot have written is refused")
    func coding() throws {
        var classes = ClassController(threshold: 0.8)
        classes.validated(report([0.5, 0.95]))
        var hardness = HardnessController(.stronger(upTo: 1.5))
        hardness.trained(
            epoch: 0, sampleLosses: Dictionary(uniqueKeysWithValues: (0..<50).map { ($0, sin(Float($0))) }))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let texts = try [encoder.encode(classes), encoder.encode(hardness)]
        let decoder = JSONDecoder()
        let restored = try decoder.decode(HardnessController.self, from: texts[1])
        #expect(try decoder.decode(ClassController.self, from: texts[0]) == classes)
        #expect(restored == hardness)
        #expect(try encoder.encode(restored) == texts[1])

        func spoilt(_ data: Data, _ old: String, _ new: String) -> Data {
            let text = String(decoding: data, as: UTF8.self)
            #expect(text.contains(old))
            return Data(text.replacing(old, with: new).utf8)
        }
        for (old, new) in [("\"weights\":[1.5,", "\"weights\":[-1,"), ("\"cap\":3", "\"cap\":0"), ("[1.5,1]", "[1.5]")]
        {
            #expect(throws: FormatError.self) {
                try decoder.decode(ClassController.self, from: spoilt(texts[0], old, new))
            }
        }
        for (old, new) in [("\"upTo\":1.5", "\"upTo\":0.5"), ("\"samples\":[0,", "\"samples\":[1,")] {
            #expect(throws: FormatError.self) {
                try decoder.decode(HardnessController.self, from: spoilt(texts[1], old, new))
            }
        }
    }
}

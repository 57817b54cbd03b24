import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("Controllers in a loop with what they steer")
struct ClosedLoopTests {
    private func report(_ accuracies: [Double], losses: [Double]? = nil) -> ClassReport {
        let confusion = accuracies.indices.map { actual in
            let right = Int((accuracies[actual] * 1000).rounded())
            return accuracies.indices.map {
                $0 == actual ? right : $0 == (actual + 1) % accuracies.count ? 1000 - right : 0
            }
        }
        return ClassReport(epoch: 0, loss: 0, confusion: confusion, classLosses: losses ?? accuracies.map { _ in 0 })
    }

    @Test("A class whose accuracy falls rises to the cap, and is let go when it recovers, monotonically both ways")
    func fallAndRecovery() {
        var controller = ClassController(threshold: 0.9, step: 0.5, cap: 3, decay: 0.5, margin: 0.02)
        var weights: [Double] = []
        func validate(_ accuracy: Double) {
            controller.validated(report([accuracy, 0.97, 0.97]))
            weights.append(controller.classProbabilities?[0] ?? 1)
        }
        for _ in 0..<5 { validate(0.95) }
        #expect(weights.allSatisfy { $0 == 1 })
        for epoch in 0..<8 { validate(0.85 - 0.02 * Double(epoch)) }
        #expect(weights[5...12] == [1.5, 2, 2.5, 3, 3, 3, 3, 3])
        for _ in 0..<15 { validate(0.95) }
        #expect(zip(weights[12...], weights[13...]).allSatisfy { $0 >= $1 })
        #expect(controller.classProbabilities == nil)
    }

    @Test("Where accuracy follows the probability, the loop comes to rest within the hysteresis, from below and above")
    func noOscillation() {
        // A class that is right in 0.84 + 0.04 · weight of cases: 0.9 … 0.92 needs weights 1.5 … 2.
        var controller = ClassController(threshold: 0.9, step: 0.25, cap: 3, decay: 0.5, margin: 0.02)
        var weights: [Double] = []
        for _ in 0..<60 {
            let weight = controller.classProbabilities?[0] ?? 1
            weights.append(weight)
            controller.validated(report([0.84 + 0.04 * weight, 0.99]))
        }
        #expect(weights.last.map { $0 >= 1.5 && $0 <= 2 } == true)
        #expect(Set(weights[10...]).count == 1, "\(weights)")
        // Accuracy that wavers by less than the margin about a point within it moves nothing.
        let before = controller.classProbabilities
        for epoch in 0..<40 { controller.validated(report([epoch % 2 == 0 ? 0.901 : 0.919, 0.99])) }
        #expect(controller.classProbabilities == before)
    }

    @Test(
        "By loss: a class over the threshold rises though every image is right; below threshold and margin it is let go"
    )
    func byLoss() {
        var controller = ClassController(by: .loss, threshold: 0.3, step: 1, cap: 2.5, decay: 0.5, margin: 0.1)
        func weights(_ loss: Double) -> [Double]? {
            controller.validated(report([1, 1], losses: [loss, 0.1]))
            return controller.classProbabilities
        }
        #expect(weights(0.29) == nil)
        #expect(weights(0.5) == [2, 1] && weights(.infinity) == [2.5, 1])
        #expect(weights(0.25) == [2.5, 1])
        #expect(weights(0.19) == [1.75, 1])
    }

    @Test("A curriculum begins alike, lets easy samples go first, and ends alike")
    func curriculum() {
        var controller = HardnessController(.curriculum(from: 0.2, to: 1.2, epochs: 4))
        let losses = Dictionary(uniqueKeysWithValues: (0..<3).map { ($0, Float($0)) })
        func strengths() -> [Float] { (0..<3).map { controller.strength(forSample: $0) } }
        #expect(strengths() == [0.2, 0.2, 0.2])
        var course: [[Float]] = []
        for epoch in 0..<5 {
            controller.trained(epoch: epoch, sampleLosses: losses)
            course.append(strengths())
        }
        // By hand: share min(max(2 · epoch / 4 − rank, 0), 1) of the way, ranks 0, ½ and 1.
        let expected: [[Float]] = [
            [0.7, 0.2, 0.2], [1.2, 0.7, 0.2], [1.2, 1.2, 0.7], [1.2, 1.2, 1.2], [1.2, 1.2, 1.2],
        ]
        for (found, wanted) in zip(course, expected) {
            #expect(zip(found, wanted).allSatisfy { abs($0 - $1) < 1e-6 }, "\(found)")
        }
        #expect(controller.strength(forSample: 99) == 1.2)
    }
}

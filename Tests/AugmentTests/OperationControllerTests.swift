import Datasets
import Foundation
import TensorCore
import Testing

@testable import Augment

@Suite("Which operation still teaches which class something")
struct OperationControllerTests {
    private let policy = AugmentationPolicy {
        HorizontalFlip().probability(0.3)
        VerticalFlip().probability(0.3)
        Gamma(0.5...2).probability(0.3)
    }

    /// What the loop would report of the probes: class c under step o is right in `shares[c][o]` of 100 images.
    private func reports(_ controller: OperationController, _ shares: [[Double]]) -> [ClassReport] {
        controller.probes.map { probe in
            let step = policy.steps.firstIndex { $0.identicalButProbability(probe) } ?? 0
            let confusion = shares.indices.map { label in
                let right = Int(shares[label][step] * 100)
                return shares.indices.map { $0 == label ? right : $0 == (label + 1) % shares.count ? 100 - right : 0 }
            }
            return ClassReport(epoch: 0, loss: 0, confusion: confusion, classLosses: shares.map { _ in 0 })
        }
    }

    @Test("A step that a class half knows gains, one that it knows or never will loses; classes are steered apart")
    func learns() throws {
        var controller = OperationController(policy, seed: 3)
        #expect(controller.stepFactors(forClass: 0) == nil)
        // Class 0: flips are known, upside down is hopeless, gamma is half learnt. Class 1: the other way round.
        let shares = [[0.99, 0.01, 0.5], [0.5, 0.01, 0.99]]
        for _ in 0..<12 { controller.probed(reports(controller, shares)) }
        let (first, second) = (
            try #require(controller.stepFactors(forClass: 0)), try #require(controller.stepFactors(forClass: 1))
        )
        #expect(first[2] == 2 && first[0] < 0.7 && first[1] < 0.7)
        #expect(second[0] == 2 && second[1] < 0.7 && second[2] < 0.7)
        #expect(abs((controller.shares[0][2] ?? 0) - 0.5) < 1e-9)
        #expect(controller.history.count == 12)
    }

    @Test(
        "Every step is probed at first, and again later: what is half learnt most, what is known seldom but not never")
    func explores() {
        var controller = OperationController(policy, seed: 1, probesPerEpoch: 1)
        var counts = [0, 0, 0]
        for _ in 0..<200 {
            let step = policy.steps.firstIndex { $0.identicalButProbability(controller.probes[0]) } ?? 0
            counts[step] += 1
            controller.probed(reports(controller, [[0.99, 0.99, 0.6], [0.98, 0.99, 0.6]]))
        }
        #expect(counts[2] > 100 && counts.allSatisfy { $0 > 2 }, "\(counts)")
    }

    @Test("A class without validation images keeps its policy")
    func unknownClass() {
        var controller = OperationController(policy, probesPerEpoch: 3)
        let report = ClassReport(epoch: 0, loss: 0, confusion: [[50, 50], [0, 0]], classLosses: [0, 0])
        controller.probed([report, report, report])
        #expect(controller.stepFactors(forClass: 1) == [1, 1, 1] && controller.shares[1] == [nil, nil, nil])
    }

    @Test("The policy draws a steered class's steps by their factors, others as before, to the bit")
    func steers() {
        let images = someImages(400, height: 4, width: 4, labels: (0..<400).map { $0 % 2 })
        var raw = RawBatch(images: images, seed: 7, epoch: 0)
        let before = policy.drawings(of: raw).map { $0.done.map(\.place) }
        raw.stepFactors = [1: [0, 2, 5]]
        let after = policy.drawings(of: raw).map { $0.done.map(\.place) }
        for row in stride(from: 0, to: 400, by: 2) { #expect(before[row] == after[row]) }
        let steered = stride(from: 1, to: 400, by: 2).map { after[$0] }
        #expect(steered.allSatisfy { !$0.contains(0) && $0.contains(2) })
        // 0.6 of 200, 4 σ = 28.
        #expect(abs(steered.count { $0.contains(1) } - 120) < 28)
    }

    @Test(
        "Equal runs choose equally; from JSON a controller goes on as if never stopped, and refuses what it cannot have written"
    )
    func coding() throws {
        var (one, two) = (OperationController(policy, seed: 5), OperationController(policy, seed: 5))
        let shares = [[0.9, 0.2, 0.5], [0.7, 0.4, 0.95]]
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        for _ in 0..<6 {
            one.probed(reports(one, shares))
            two = try JSONDecoder().decode(OperationController.self, from: encoder.encode(two))
            two.probed(reports(two, shares))
        }
        #expect(one == two)
        #expect(one.history != OperationController(policy, seed: 6).history)
        let text = String(decoding: try encoder.encode(one), as: UTF8.self)
        for (old, new) in [
            ("\"cap\":2", "\"cap\":0.5"), ("\"right\":[[", "\"right\":[[1,"), ("\"wrong\":[[", "\"wrong\":[[-"),
        ] {
            #expect(text.contains(old))
            #expect(throws: FormatError.self) {
                try JSONDecoder().decode(OperationController.self, from: Data(text.replacing(old, with: new).utf8))
            }
        }
    }

    @Test("Beta(a, b) has its mean and variance")
    func beta() {
        var random = Philox(seed: 1)
        let values = (0..<20_000).map { _ in random.beta(3, 7) }
        let mean = values.reduce(0, +) / 20_000
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
        // Mean 0.3, variance 21 / (100 · 11); the mean of 20,000 is off by 0.001 at 1 σ.
        #expect(abs(mean - 0.3) < 0.004 && abs(variance - 21.0 / 1100) < 0.001)
    }
}

extension AugmentationStep {
    /// Whether a probe is of this step.
    fileprivate func identicalButProbability(_ probe: any BatchTransform) -> Bool {
        guard let policy = probe as? AugmentationPolicy, var step = policy.steps.first, policy.steps.count == 1 else {
            return false
        }
        #expect(step.probability == 1)
        step.probability = probability
        return step == self
    }
}

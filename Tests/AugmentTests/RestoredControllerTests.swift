import Augment
import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@Suite struct RestoredControllerTests {
    private static let policy = AugmentationPolicy {
        HorizontalFlip().probability(0.3)
        Gamma(0.5...2).probability(0.3)
    }

    private static func report(_ epoch: Int) -> ClassReport {
        ClassReport(
            epoch: epoch, loss: 1, confusion: [[3, 1, 0], [2, 2, 0], [0, 0, 4]], classLosses: [0.5, 2, 0.1])
    }

    /// Lets a controller live through an epoch, as a loop does.
    private static func live(_ controller: inout some DataController, epoch: Int) {
        let probes = controller.probes
        if !probes.isEmpty { controller.probed(probes.map { _ in report(epoch) }) }
        controller.validated(report(epoch))
        controller.trained(epoch: epoch, sampleLosses: [1: 0.5, 2: 1.5, 9: 0.1])
        for label in 0..<3 { _ = controller.stepFactors(forClass: label) }
        for id in [1, 2, 9, 100] { _ = controller.strength(forSample: id) }
        _ = (controller.classProbabilities, controller.classDecisions)
    }

    /// Tries what a controller stores with each change: an error, a refusal, or one that lives on.
    private static func tryChanges(_ start: some DataController) throws {
        var controller = start
        for epoch in 0..<3 { live(&controller, epoch: epoch) }
        let data = try JSONEncoder().encode(controller)
        func decode<C: DataController>(_ type: C, _ data: Data) throws {
            var restored = try JSONDecoder().decode(C.self, from: data)
            guard restored.fits(classes: 3) else { return }
            for epoch in 3..<6 { live(&restored, epoch: epoch) }
        }
        try decode(controller, data)
        for (_, changed) in jsonChanges(of: try JSONSerialization.jsonObject(with: data)) {
            let text = try JSONSerialization.data(withJSONObject: changed, options: [.fragmentsAllowed])
            try? decode(controller, text)
        }
    }

    @Test("A stored controller with any number changed is an error, or goes on: classes, hardness, operations")
    func everyNumber() async {
        await #expect(processExitsWith: .success) {
            try RestoredControllerTests.tryChanges(ClassController(threshold: 0.9))
            try RestoredControllerTests.tryChanges(ClassController(by: .loss, threshold: 0.1))
            try RestoredControllerTests.tryChanges(HardnessController(.stronger(upTo: 1.3)))
            try RestoredControllerTests.tryChanges(HardnessController(.curriculum(from: 0.5, to: 1, epochs: 4)))
            try RestoredControllerTests.tryChanges(
                OperationController(RestoredControllerTests.policy, probesPerEpoch: 1))
        }
    }
}

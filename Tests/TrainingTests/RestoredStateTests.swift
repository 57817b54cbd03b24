import Foundation
import Synchronization
import TensorCore
import TestSupport
import Testing

@testable import Training

@Suite struct RestoredStateTests {
    /// Trains to the last step but one, within an epoch; then tries the state with each change of a name's part.
    private static func tryChanges(_ plan: TrainingPlan, naming part: String = "") throws {
        try withTemporaryFolder { folder throws in
            let url = folder.appending(path: "run")
            let done = Mutex(0)
            var network = TinyRun.network
            var trainer = Trainer(plan, on: TinyRun.data, checkpoint: url) { step in done.withLock { $0 = step.step } }
            trainer.shouldStop = { done.withLock { $0 == 22 } }
            #expect(throws: TrainingError.self) { try trainer.fit(&network) }
            var (refused, trained) = (0, 0)
            try ForgedCheckpoint.forEachChange(of: url) { change in
                guard part.isEmpty || change.contains(part) else { return }
                FileHandle.standardError.write(Data("\(change)\n".utf8))
                do {
                    _ = try TinyRun.result(plan, checkpoint: url)
                    trained += 1
                } catch is FormatError { refused += 1 } catch is TrainingError { refused += 1 } catch {
                    Issue.record("\(change): \(error)")
                }
            }
            #expect(refused > 2 * trained, "\(refused) refused, \(trained) trained")
        }
    }

    // Counts, indices and factors of a state were trusted once its checksum was right: -1 steps of an epoch's meter
    // wrote outside of memory. In a process of its own, which a trap would end.
    @Test(
        "Every number of a state, of its controllers and of its log is checked: an error or a whole run, never a stop")
    func everyNumber() async {
        let ended = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            try RestoredStateTests.tryChanges(TinyRun.plan)
        }
        #expect(ended != nil, "\(String(decoding: ended?.standardErrorContent.suffix(300) ?? [], as: UTF8.self))")
    }

    @Test("The same of a run that ends early, with its best weights")
    func patience() async {
        await #expect(processExitsWith: .success) {
            var plan = TinyRun.plan
            plan.patience = 20
            try RestoredStateTests.tryChanges(plan, naming: "best")
        }
    }
}

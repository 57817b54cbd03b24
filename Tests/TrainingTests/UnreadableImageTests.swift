import Datasets
import Foundation
import Synchronization
import TensorCore
import TestSupport
import Testing

@testable import Training

@Suite("Images that cannot be read in the middle of a run")
struct UnreadableImageTests {
    @Test("end it with an error and the state of the last step, from which it goes on to the same bits")
    func goesOn() throws {
        let whole = try TinyRun.result()
        var steps: Set<Int> = []
        for id in 0..<15 {
            try withTemporaryFolder { folder in
                let url = folder.appending(path: "run")
                let source = FailingSource(images: TinyTask.images(15), failing: id)
                var data = TinyRun.data
                data.labelled = source
                let last = Mutex(0)
                #expect(throws: FormatError.self) {
                    try TinyRun.result(TinyRun.plan, data, checkpoint: url) { step in last.withLock { $0 = step.step } }
                }
                let done = last.withLock { $0 }
                #expect(FileManager.default.fileExists(atPath: url.path) == (done > 0))
                steps.insert(done)
                source.isFailing = false
                let first = Mutex<Int?>(nil)
                let resumed = try TinyRun.result(TinyRun.plan, data, checkpoint: url) { step in
                    first.withLock { $0 = $0 ?? step.step }
                }
                #expect(resumed == whole && first.withLock { $0 } == done + 1)
            }
        }
        #expect(steps.count > 1)
    }
}

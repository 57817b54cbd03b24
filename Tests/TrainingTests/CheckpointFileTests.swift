import Foundation
import Testing

@testable import Training

@Suite("The files of a run's states")
struct CheckpointFileTests {
    @Test("Every file that a run may write is told, so that all can be checked before it")
    func all() {
        let names = CheckpointKeeping(last: 3, best: true).files(of: URL(fileURLWithPath: "k")).map(\.relativePath)
        #expect(names == ["k", "k.1", "k.2", "k.best", "k.steps"])
        #expect(CheckpointKeeping().files(of: URL(fileURLWithPath: "k")).map(\.relativePath) == ["k", "k.steps"])
    }
}

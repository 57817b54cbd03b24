import Foundation
import Testing

@Suite("The ONNX project's own models", .enabled(if: BackendSuite.isThere, "libonnx-testdata is not installed"))
struct BackendSuiteTests {
    @Test("Every model whose operators are read gives the reference's outputs")
    func models() throws {
        var passed = 0
        var refused: [String: [String]] = [:]
        for part in ["node", "pytorch-converted", "pytorch-operator", "simple"] {
            for name in try BackendSuite.models(in: part) {
                switch BackendSuite.outcome(part, name) {
                case .passed: passed += 1
                case .refused(let reason): refused[reason, default: []].append("\(part)/\(name)")
                case .wrong(let reason): Issue.record("\(part)/\(name): \(reason)")
                }
            }
        }
        for (reason, models) in refused.sorted(by: { $0.key < $1.key }) { print(models.joined(separator: " "), reason) }
        print("\(passed) passed")
        #expect(passed >= 700)
    }
}

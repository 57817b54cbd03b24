import Foundation
import Testing

@testable import Retort

/// Short runs of every kind whose results must keep their bits: a change of structure that changes one has changed arithmetic.
///
/// `Golden/fingerprints.json` holds what adding products in blocks gave (decision 0127). Sums of floats are rounded in the order of
/// the kernels, so it has an entry for each rounding: for each instruction set and each set of OpenBLAS kernels that was at hand.
/// Which one a machine has is seen from a few products and convolutions, whose own bits are the entry's name.
@Suite(.serialized) struct FingerprintTests {
    @Test(
        "Training, distillation, INT8 and training with rounding give the bits that they gave before",
        arguments: ShortRun.all)
    func bits(_ run: ShortRun) throws {
        let url = goldenFolder.appending(path: "fingerprints.json")
        var stored = try JSONDecoder().decode([String: [String: String]].self, from: Data(contentsOf: url))
        let rounding = ShortRun.rounding()
        let found = try run.fingerprint()
        if let record = ProcessInfo.processInfo.environment["RETORT_RECORD_FINGERPRINTS"], record == "1" {
            stored[rounding, default: [:]][run.name] = found
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            try encoder.encode(stored).write(to: url)
            return
        }
        guard let expected = stored[rounding] else {
            print("skipped: no fingerprints are stored for the rounding \(rounding) of this machine's kernels")
            return
        }
        #expect(expected[run.name] == found)
    }
}

/// Next to this file, so that recording writes into the source.
let goldenFolder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

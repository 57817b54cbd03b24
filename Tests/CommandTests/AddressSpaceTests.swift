import Foundation
import Retort
import TestSupport
import Testing

/// OpenBLAS asks for ever where it gets no address space, so that commands hung and could not be stopped.
@Suite("Commands: little address space")
struct AddressSpaceTests {
    #if os(Linux)
        @Test(
            "Every command ends under any limit: done, or with 1 and one line that says what is missing",
            arguments: [
                "train --data mini --architecture mlp-4 --steps 2 --batch 8 --threads 1 --output x",
                "evaluate m --data mini --threads 2", "info m", "info", "--help", "train --help",
            ])
        func limited(line: String) throws {
            try withTemporaryFolder { folder in
                let retort = CommandLine(folder: folder)
                try writeMini(to: folder)
                try retort.succeed("train --data mini --architecture mlp-4 --steps 1 --batch 8 --output m")
                let shell = CommandLine(executable: URL(filePath: "/bin/bash"), folder: folder)
                for limit in [200_000, 300_000, 400_000, 460_000, 700_000, 4_000_000] {
                    // Killed where it hangs, which no other signal might end.
                    let command = "ulimit -v \(limit); exec timeout -s KILL 60 '\(retort.executable.path)' \(line)"
                    let outcome = try shell.run(["-c", command])
                    let isDone = outcome.status == 0
                    #expect(isDone || outcome.status == 1, "\(limit): \(outcome.status) \(outcome.errors)")
                    #expect(isDone || outcome.errors.contains("address space"), "\(limit): \(outcome.errors)")
                    #expect(isDone || outcome.errorLines.count == 1, "\(limit): \(outcome.errors)")
                    #expect(limit < 4_000_000 || isDone, "\(outcome.errors)")
                }
            }
        }
    #endif
}

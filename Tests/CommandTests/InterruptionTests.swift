import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: runs that are stopped and go on")
struct InterruptionTests {
    /// Some thousand steps of a small network, which take a second or two.
    private static let line = "train --data mini --architecture mlp-8 --steps 3000 --batch 16"

    /// Runs the command until it is interrupted. Where it ended before the signal came, as it may on a machine that does much
    /// else, it runs again from the beginning.
    private func interrupted(_ retort: CommandLine, _ run: () throws -> Outcome) throws -> Outcome {
        var outcome = try run()
        while outcome.status == 0 {
            for name in try retort.files() where name != "mini" && name != "whole" {
                try FileManager.default.removeItem(at: retort.folder.appending(path: name))
            }
            outcome = try run()
        }
        return outcome
    }

    /// Starts the command, and signals it as soon as it has written two states in its first epoch or later.
    private func stopped(_ retort: CommandLine, by signal: Int32, _ options: String) throws -> Outcome {
        let older = retort.folder.appending(path: "state.1").path
        let arguments = "\(Self.line) --checkpoint state --checkpoint-every 40 \(options)"
        return try interrupted(retort) {
            try retort.run(arguments.words) { process, _ in
                while process.isRunning, !FileManager.default.fileExists(atPath: older) { usleep(500) }
                kill(process.processIdentifier, signal)
            }
        }
    }

    @Test(
        "Ctrl-C, kill and kill -9, one after the other, and on another number of threads: the file of the run that went through"
    )
    func signals() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            try retort.succeed("\(Self.line) --output whole")
            for (signal, status) in [(SIGINT, 130), (SIGTERM, 143), (SIGKILL, SIGKILL)] as [(Int32, Int32)] {
                try? FileManager.default.removeItem(at: folder.appending(path: "state.1"))
                let outcome = try stopped(retort, by: signal, "--output part --threads 1")
                #expect(outcome.status == status && outcome.output.isEmpty, "\(outcome.errors)")
                if signal != SIGKILL {
                    let pattern = /stopped after step (\d+); the same command goes on from state/
                    let match = try #require(outcome.errorLines.last?.wholeMatch(of: pattern), "\(outcome.errors)")
                    #expect((41..<3000).contains(Int(match.1) ?? 0))
                }
            }
            #expect(try retort.files().contains("part") == false)
            try retort.succeed("\(Self.line) --checkpoint state --output part --threads 2")
            #expect(try retort.bytes("part") == retort.bytes("whole"))
            // No half-written file stays.
            let states = ["state", "state.1", "state.2", "state.best", "state.steps"]
            let files = try retort.files()
            #expect(files == ["mini", "part"] + states + ["whole"])
        }
    }

    @Test("Ctrl-C without a checkpoint says that nothing was kept, and how to keep it")
    func nothingKept() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try writeMini(to: folder)
            let arguments = "\(Self.line) --steps 40000 --output x".words
            let outcome = try interrupted(retort) {
                try retort.run(arguments) { process, errors in
                    // An epoch is over when a line of progress is there.
                    while process.isRunning, try Data(contentsOf: errors).isEmpty { usleep(500) }
                    process.interrupt()
                }
            }
            #expect(outcome.status == 130)
            #expect(
                outcome.errorLines.last?.hasSuffix(
                    "nothing was kept; with --checkpoint FILE the same command would go on from there") == true)
            #expect(try retort.files() == ["mini"])
            // What takes no checkpoint finishes its step too.
            try retort.succeed("train --data mini --architecture mlp-4 --steps 1 --output whole")
            let pruning = "prune whole --data mini --multiple 1 --to flops:0.5 --steps 40000 --output x".words
            let pruned = try interrupted(retort) {
                try retort.run(pruning) { process, errors in
                    while process.isRunning, try Data(contentsOf: errors).isEmpty { usleep(500) }
                    process.interrupt()
                }
            }
            #expect(pruned.status == 130 && pruned.output.isEmpty)
            #expect(pruned.errorLines.last?.wholeMatch(of: /stopped after step \d+; nothing was written/) != nil)
            #expect(try retort.files() == ["mini", "whole"])
        }
    }
}

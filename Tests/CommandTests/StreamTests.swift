import Foundation
import Retort
import TestSupport
import Testing

#if os(Linux)
    @Suite("Commands: streams that cannot be written, and text that is none")
    struct StreamTests {
        private static let training = "train --labels 100 --architecture mlp-4 --steps 5 --threads 1 --output m"

        /// Runs a line of the shell in which `$0` is the program.
        private func shell(_ script: String, in folder: URL) throws -> Outcome {
            try CommandLine(executable: URL(filePath: "/bin/sh"), folder: folder)
                .run(["-c", script, CommandLine.built("retort").path])
        }

        @Test("A result that cannot be written ends with 1 and says so, help too; one that nobody reads is no signal")
        func results() throws {
            try withTemporaryFolder { folder in
                for line in [
                    "info", "info --json", "--help", "--version", "train --help", "train --output x --print-recipe",
                ] {
                    let full = try shell("exec \"$0\" \(line) >/dev/full", in: folder)
                    #expect(full.status == 1, "\(line)")
                    #expect(full.errors == "Error: standard output: cannot be written: No space left on device\n")
                }
                let closed = try shell("exec \"$0\" info >&-", in: folder)
                #expect(closed.status == 1 && closed.errors.contains("standard output: cannot be written"))
                let both = try shell("exec \"$0\" info >&- 2>&- <&-", in: folder)
                #expect(both.status == 1)
                let unread = try shell("{ \"$0\" info; echo $? >status; } | true; cat status", in: folder)
                #expect(["0", "1"].contains(unread.output.trimmingCharacters(in: .whitespacesAndNewlines)))
            }
        }

        @Test("A log that is full or closed ends no training, and no file gets the number of a closed stream")
        func progress() throws {
            try withTemporaryFolder { folder in
                let whole = try shell("exec \"$0\" \(Self.training)", in: folder)
                let model = try CommandLine(folder: folder).bytes("m")
                for streams in ["2>/dev/full", "2>&-", "2>&- <&-"] {
                    let outcome = try shell("exec \"$0\" \(Self.training) \(streams)", in: folder)
                    #expect(outcome.status == 0 && outcome.output == whole.output, "\(streams)")
                    #expect(try CommandLine(folder: folder).bytes("m") == model, "\(streams)")
                }
                let limited = try shell("ulimit -f 2; exec \"$0\" \(Self.training)-other", in: folder)
                #expect(limited.status == 1 && limited.errors.contains("m-other: cannot be written: File too large"))
                #expect(try CommandLine(folder: folder).files() == ["m"])
            }
        }

        @Test(
            "Arguments that are no UTF-8 are wrong usage, recipes bad input, with their bytes; none becomes another name"
        )
        func bytes() throws {
            try withTemporaryFolder { folder in
                for script in [
                    #"exec "$0" train --data nowhere --output "$(printf 'caf\351')""#,
                    #"exec "$0" info "$(printf 'caf\351')""#,
                    #"exec "$0" predict m "$(printf 'x\377\376')""#,
                    #"printf 'steps: 5\noutput: caf\351\n' >r.yaml; exec "$0" train --recipe r.yaml"#,
                ] {
                    let outcome = try shell(script, in: folder)
                    let first = outcome.errorLines.first ?? ""
                    #expect(outcome.status == (script.contains("recipe") ? 1 : 64))
                    #expect(first.contains(script.contains("caf") ? "caf\\xe9" : "x\\xff\\xfe"))
                }
                #expect(try shell("ls", in: folder).output == "r.yaml\n")
            }
        }

        @Test("In a folder whose name is no UTF-8, files are written where they belong")
        func folderOfBytes() throws {
            try withTemporaryFolder { folder in
                let script = #"mkdir "$(printf 'caf\351')" && cd "$(printf 'caf\351')" && "$0" \#(Self.training) && ls"#
                let outcome = try shell(script, in: folder)
                #expect(outcome.status == 0 && outcome.output.hasSuffix("\nm\n"), "\(outcome.errors)")
            }
        }
    }
#endif

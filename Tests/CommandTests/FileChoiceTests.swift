import Foundation
import Retort
import TestSupport
import Testing

@Suite("Commands: what is written is nothing that is read")
struct FileChoiceTests {
    @Test("An output that is an input, another output or lies among the data is wrong usage, and nothing is changed")
    func conflicts() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(folder)
            let before = try contents(of: folder)
            for (line, parts) in [
                ("quantize m --output m", ["--output: m", "<model>"]),
                ("quantize m --output ./d/../m", ["--output: ", "<model>"]),
                ("quantize link --output m", ["--output: m", "<model>"]),
                ("prune m --to flops:0.5 --teacher t --output t", ["--output: t", "--teacher"]),
                ("prune m --to flops:0.5 --augment p.json --output p.json", ["--output: p.json", "--augment"]),
                ("quantize m --output r/report.html --report r", ["--report: r/report.html", "--output"]),
                ("quantize m --output i --report d/report --data d", ["--report: d/report", "--data (d)"]),
                ("quantize m --output d/cat/i --data d", ["--output: d/cat/i", "--data"]),
                ("train --recipe r.yaml --output r.yaml", ["--output: r.yaml", "--recipe"]),
                // The recipe's own settings say it, on no command line.
                ("train --recipe self.yaml", ["--output: ", "--recipe"]),
                ("train --output k.best --checkpoint k", ["--checkpoint: k.best", "--output"]),
                ("train --output k.steps --checkpoint k", ["--checkpoint: k.steps", "--output"]),
                ("distill --teacher m --teacher t --output t", ["--output: t", "--teacher"]),
                ("distill --teacher t --output y --data d --teacher-cache d/cat", ["--teacher-cache: ", "--data"]),
                ("augment preview --policy p.json --out p.json", ["--out: p.json", "--policy"]),
                ("augment preview --policy p.json --out d/dog/1.png --data d", ["--out: d/dog/1.png", "--data"]),
                (
                    "augment preview --policy p.json --data d --targets tt --out tt/cat/1.png",
                    ["--out: tt/cat/1.png", "--targets"]
                ),
                ("augment cost --policy p.json --budget 1 --out p.json", ["--out: p.json", "--policy"]),
                ("augment cost --policy p.json --budget 1 --out c --calibration c", ["--out: c", "--calibration"]),
                ("export m.c --c m.c", ["--c: m.c", "<model>"]), ("export m.h --c m.c", ["the header of --c: m.h"]),
                ("demo --data d --output d", ["--output: d", "--data"]),
                ("train --data idx --output idx/train-images-idx3-ubyte.gz", ["--output: ", "--data"]),
            ] as [(String, [String])] {
                let outcome = try retort.fail(line)
                #expect(outcome.status == 64 && outcome.output.isEmpty, "\(line): \(outcome.status) \(outcome.errors)")
                let first = outcome.errorLines.first ?? ""
                for part in parts { #expect(first.contains(part), "\(line): \(first)") }
                #expect(try contents(of: folder) == before, "\(line) changed a file")
            }
        }
    }

    @Test("A file that is protected, a link in a circle and a state's name that is taken are refused before work")
    func unwritable() throws {
        try withTemporaryFolder { folder in
            let retort = CommandLine(folder: folder)
            try prepare(folder)
            #expect(chmod(folder.appending(path: "t").path, 0o444) == 0)
            #expect(symlink("circle", folder.appending(path: "circle").path) == 0)
            try FileManager.default.createDirectory(
                at: folder.appending(path: "k.1"), withIntermediateDirectories: false)
            let before = try contents(of: folder)
            for (line, status, reason) in [
                ("train --data nowhere --output t", 1, "t: cannot be written: the file there is read-only"),
                ("train --data nowhere --output circle", 1, "circle: cannot be written: Too many levels"),
                ("train --data nowhere --output x --checkpoint k", 64, "--checkpoint: 'k.1' is the name of a folder"),
                ("quantize nowhere --output x --report m/r", 1, "m/r: cannot be written: m is no folder"),
                ("quantize nowhere --output x --report a/b/c", 1, "nowhere"),
                ("demo --data nowhere --output a/b", 1, "nowhere"),
            ] as [(String, Int32, String)] {
                let outcome = try retort.fail(line)
                #expect(outcome.status == status && outcome.errors.contains(reason), "\(line): \(outcome.errors)")
                #expect(try contents(of: folder) == before, "\(line) left something")
            }
        }
    }

    #if os(Linux)
        @Test(
            "Where the file system has no hard links, older states are copies",
            .enabled(if: CommandLine.hasCompiler, "there is no C compiler"))
        func noHardLinks() throws {
            try withTemporaryFolder { folder in
                let retort = CommandLine(folder: folder)
                let environment = try retort.replacing(
                    """
                    #include <errno.h>
                    int link(const char *a, const char *b) { errno = EPERM; return -1; }
                    int linkat(int x, const char *a, int y, const char *b, int f) { errno = EPERM; return -1; }
                    """)
                for name in ["with", "without"] {
                    try FileManager.default.createDirectory(
                        at: folder.appending(path: name), withIntermediateDirectories: false)
                    try retort.succeed(
                        "train --labels 100 --architecture mlp-4 --steps 40 --output m --checkpoint \(name)/k",
                        environment: name == "with" ? [:] : environment)
                }
                for state in ["k", "k.1", "k.2", "k.best"] {
                    #expect(try retort.bytes("with/\(state)") == retort.bytes("without/\(state)"))
                }
            }
        }
    #endif

    /// Names of everything in a folder, with the bytes of files.
    private func contents(of folder: URL) throws -> [String: Data?] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return Dictionary(
            uniqueKeysWithValues: names.map { ($0, try? Data(contentsOf: folder.appending(path: $0))) })
    }

    private func prepare(_ folder: URL) throws {
        for name in ["d/cat", "d/dog", "tt/cat", "idx"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
        }
        for (name, text) in [
            ("m", "model"), ("t", "teacher"), ("m.c", "x"), ("m.h", "x"), ("p.json", #"{"operations": []}"#),
            ("r.yaml", "steps: 5\n"), ("self.yaml", "output: ./self.yaml\n"), ("d/cat/1.png", "x"),
            ("d/dog/1.png", "x"), ("tt/cat/1.png", "x"), ("idx/train-images-idx3-ubyte.gz", "x"),
        ] { try Data(text.utf8).write(to: folder.appending(path: name)) }
        #expect(symlink("m", folder.appending(path: "link").path) == 0)
    }
}

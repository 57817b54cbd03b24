import Foundation
import Retort
import TestSupport
import Testing

#if os(Linux)
    @Suite(
        "Commands: a machine that fails is told, and never passes for a bad file",
        .enabled(if: CommandLine.hasCompiler, "there is no C compiler"))
    struct FailingMachineTests {
        /// A disk that cannot read, nor sync, files whose path ends as the variable BROKEN says.
        private static let disk = """
            #define _GNU_SOURCE
            #include <errno.h>
            #include <limits.h>
            #include <stdio.h>
            #include <stdlib.h>
            #include <string.h>
            #include <sys/syscall.h>
            #include <unistd.h>
            static int broken(int file) {
                char link[64], path[PATH_MAX + 1];
                const char *end = getenv("BROKEN");
                snprintf(link, sizeof link, "/proc/self/fd/%d", file);
                ssize_t size = readlink(link, path, PATH_MAX);
                if (size < 0 || !end || (size_t)size < strlen(end)) return 0;
                return !memcmp(path + size - strlen(end), end, strlen(end));
            }
            ssize_t read(int file, void *bytes, size_t count) {
                if (broken(file)) { errno = EIO; return -1; }
                return syscall(SYS_read, file, bytes, count);
            }
            int fsync(int file) {
                if (broken(file)) { errno = EIO; return -1; }
                return syscall(SYS_fsync, file);
            }
            """

        /// No memory of some size for the library whose file's name has what the variable POOR says.
        private static let memory = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <errno.h>
            #include <stdlib.h>
            #include <string.h>
            void *__libc_malloc(size_t);
            void *malloc(size_t count) {
                const char *name = getenv("POOR");
                Dl_info caller;
                if (count > 10000 && name && dladdr(__builtin_return_address(0), &caller) && caller.dli_fname
                    && strstr(caller.dli_fname, name)) {
                    errno = ENOMEM;
                    return 0;
                }
                return __libc_malloc(count);
            }
            """

        @Test("A file that the disk cannot read ends every command with the file as it was given, --skip-bad or not")
        func reading() throws {
            try withTemporaryFolder { folder in
                let retort = CommandLine(folder: folder)
                let environment = try retort.replacing(Self.disk)
                try DataTests.write(["heads", "tails"], 8, to: folder.appending(path: "d"))
                try Data(#"{"operations": []}"#.utf8).write(to: folder.appending(path: "p.json"))
                try Data("steps: 3\n".utf8).write(to: folder.appending(path: "r.yaml"))
                let train = "train --data d \(DataTests.quick)"
                try retort.succeed("\(train) --output m --checkpoint k")
                let before = try retort.files()
                for (broken, line) in [
                    ("d/heads/3.png", "\(train) --output x"), ("d/heads/3.png", "\(train) --output x --skip-bad"),
                    ("d/heads/3.png", "evaluate m --data d --skip-bad"), ("d/heads/3.png", "predict m d/heads/3.png"),
                    ("m", "info m"), ("m", "quantize m --data d --output x"),
                    ("r.yaml", "train --recipe r.yaml --output x"),
                    ("p.json", "\(train) --augment p.json --output x"), ("k", "\(train) --output x --checkpoint k"),
                    ("k.steps", "\(train) --output x --checkpoint k"),
                ] {
                    let outcome = try retort.run(
                        line.words, environment: environment.merging(["BROKEN": "/\(broken)"]) { $1 })
                    #expect(outcome.status == 1, "\(line): \(outcome.errors)")
                    #expect(outcome.errors == "Error: \(broken): cannot be read: Input/output error\n", "\(line)")
                    #expect(try retort.files() == before, "\(line)")
                }
            }
        }

        @Test("A disk that does not take a model ends the command; the model before it stays")
        func writing() throws {
            try withTemporaryFolder { folder in
                let retort = CommandLine(folder: folder)
                let environment = try retort.replacing(Self.disk).merging(["BROKEN": "/.m.partial"]) { $1 }
                let line = "train --labels 100 --architecture mlp-4 --steps 3 --output m"
                try retort.succeed(line)
                let (before, files) = (try retort.bytes("m"), try retort.files())
                let outcome = try retort.run("\(line) --seed 2".words, environment: environment)
                #expect(
                    outcome.status == 1 && outcome.errorLines.last == "Error: m: cannot be written: Input/output error")
                #expect(try retort.bytes("m") == before && retort.files() == files)
            }
        }

        @Test("A JPEG that libjpeg has no memory for is the machine's trouble: it is not left out as a bad one")
        func decoding() throws {
            try withTemporaryFolder { folder in
                let retort = CommandLine(folder: folder)
                let environment = try retort.replacing(Self.memory).merging(["POOR": "libjpeg"]) { $1 }
                try DataTests.write(["heads", "tails"], 8, to: folder.appending(path: "d"))
                // Rows of more bytes than a decoder can have.
                let wide = DecodedImage(
                    pixels: (0..<16 * 6000 * 3).map { UInt8(truncatingIfNeeded: $0 &* 37) }, height: 16, width: 6000,
                    channels: 3)
                let name = "d/heads/wide.jpg"
                try JPEGFile.write(wide, to: folder.appending(path: name))
                let train = "train --data d \(DataTests.quick) --output m"
                try retort.succeed(train)
                for line in ["\(train) --skip-bad", train, "predict m \(name)"] {
                    let outcome = try retort.run(line.words, environment: environment)
                    #expect(outcome.status == 1, "\(line): \(outcome.errors)")
                    #expect(
                        outcome.errors == "Error: \(name): cannot be decoded: the machine has no memory for it\n")
                }
            }
        }
    }
#endif

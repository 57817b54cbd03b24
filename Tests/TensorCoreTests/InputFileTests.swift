import Foundation
import TestSupport
import Testing

@testable import TensorCore

@Suite("Files from outside: their faults and the machine's")
struct InputFileTests {
    @Test("what lies in a file or its path is a fault of the file")
    func filesOwn() throws {
        try withTemporaryFolder { folder in
            let pipe = folder.appending(path: "pipe").path
            #expect(mkfifo(pipe, 0o600) == 0 && symlink("circle", folder.appending(path: "circle").path) == 0)
            #expect(symlink("nothing", folder.appending(path: "dead").path) == 0)
            let socket = folder.appending(path: "socket").path
            try bindSocket(socket)
            try folder.file("file", [1])
            for (name, found) in [
                ("none", "no such file"), ("dead", "no such file"), ("pipe", "a pipe"),
                ("circle", "cannot be opened: Too many levels of symbolic links"), (".", "a folder"),
                ("socket", "a socket"),
                ("file/inner", "no such file: \(folder.path)/file is no folder"),
                ("no/inner", "no such file: the folder \(folder.path)/no does not exist"),
                (String(repeating: "n", count: 300), "cannot be opened: File name too long"),
            ] {
                let error = #expect(throws: FormatError.self) { try InputFile.read(folder.appending(path: name)) }
                #expect(error?.found == found, "\(name): \(String(describing: error))")
            }
            let device = #expect(throws: FormatError.self) { try InputFile.read(URL(filePath: "/dev/null")) }
            #expect(device?.found == "a device")
        }
    }

    @Test("a read that fails, and no descriptor left, are faults of the machine: no reason to leave a file out")
    func machines() async {
        #if os(Linux)
            // Nothing is mapped at address 0, so that reading the process's memory there gives EIO.
            let error = #expect(throws: MachineError.self) {
                try InputFile.start(of: FilePath(URL(filePath: "/proc/self/mem")))
            }
            #expect(error?.description == "/proc/self/mem: cannot be read: Input/output error")
        #endif
        // In a process of its own, whose limit may be changed.
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 0, rlim_max: 0)
            #if os(Linux)
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            #else
                setrlimit(RLIMIT_NOFILE, &limit)
            #endif
            do { _ = try InputFile.read(URL(filePath: "/etc/hosts")) } catch let error as MachineError {
                exit(error.problem == "cannot be read: Too many open files" ? 0 : 1)
            } catch { exit(2) }
            exit(3)
        }
    }

    @Test("memory of control groups: the tightest of all groups above counts, files that were read are given back")
    func groups() throws {
        try withTemporaryFolder { folder in
            for name in ["a/b", "memory/c"] {
                try FileManager.default.createDirectory(
                    at: folder.appending(path: name), withIntermediateDirectories: true)
            }
            func left(_ process: String) throws -> Int {
                let file = try folder.file("process", Array(process.utf8))
                return MachineMemory.leftByGroups(root: folder.path, process: file.path)
            }
            func write(_ name: String, _ text: String) throws { try folder.file(name, Array((text + "\n").utf8)) }
            try write("a/memory.max", "5000")
            try write("a/memory.current", "4000")
            try write("a/memory.stat", "anon 7\ninactive_file 500\nactive_file 9")
            try write("a/b/memory.max", "max")
            try write("a/b/memory.current", "100")
            #expect(try left("0::/a/b\n") == 1500 && left("0::/\n") == .max && left("") == .max)
            try write("memory/c/memory.limit_in_bytes", "300")
            try write("memory/c/memory.usage_in_bytes", "400")
            #expect(try left("4:memory:/c\n3:cpu:/\n0::/a\n") == 0)
        }
    }

    @Test("more memory than there is, and a product that no number holds, are refused with their subject")
    func memory() {
        let error = #expect(throws: MachineError.self) {
            try MachineMemory.require(product: [3, 1 << 60], for: "3 images")
        }
        #expect(
            error?.description == "3 images: needs 3458764513820540928 bytes of memory, which the machine does not have"
        )
        #expect(throws: MachineError.self) { try MachineMemory.require(product: [1 << 40, 1 << 40], for: "x") }
        #expect(throws: Never.self) { try MachineMemory.require(1 << 20, for: "little") }
    }

    private func bindSocket(_ path: String) throws {
        #if os(Linux)
            let kind = Int32(SOCK_STREAM.rawValue)
        #else
            let kind = SOCK_STREAM
        #endif
        let descriptor = socket(AF_UNIX, kind, 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(status == 0, "the path of the socket is too long for this system")
    }
}

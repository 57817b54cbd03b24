import Foundation
import TestSupport
import Testing

@testable import TensorCore

@Suite struct AtomicFileTests {
    @Test("A file is created, replaced, keeps its permissions, and no other file stays in the folder")
    func replaces() throws {
        try withTemporaryFolder { folder throws in
            let url = folder.appending(path: "a file.bin")
            try AtomicFile.write(Data([1, 2, 3]), to: url)
            #expect(try Data(contentsOf: url) == Data([1, 2, 3]))
            #expect(chmod(url.path(percentEncoded: false), 0o640) == 0)
            try AtomicFile.write(Data(), to: url)
            #expect(try Data(contentsOf: url).isEmpty)
            #expect(try attributes(url)[.posixPermissions] as? Int == 0o640)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a file.bin"])
        }
    }

    @Test("What a killed process left under the temporary name neither stays nor gets into the file")
    func leftOver() throws {
        try withTemporaryFolder { folder throws in
            let url = folder.appending(path: "model")
            try Data(repeating: 9, count: 1000).write(to: folder.appending(path: ".model.partial"))
            try AtomicFile.write(Data([1, 2, 3]), to: url)
            #expect(try Data(contentsOf: url) == Data([1, 2, 3]))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model"])
        }
    }

    @Test("A symbolic link is followed, not replaced")
    func symbolicLink() throws {
        try withTemporaryFolder { folder throws in
            let link = folder.appending(path: "latest")
            let file = folder.appending(path: "run 1")
            try AtomicFile.write(Data([1]), to: file)
            try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
            try AtomicFile.write(Data([2]), to: link)
            #expect(try Data(contentsOf: file) == Data([2]))
            #expect(try attributes(link)[.type] as? FileAttributeType == .typeSymbolicLink)
        }
    }

    @Test("Writers of one file at the same time: every reader sees one of the versions, whole")
    func concurrentWriters() throws {
        try withTemporaryFolder { folder throws in
            let url = folder.appending(path: "shared")
            try AtomicFile.write(Data(repeating: 255, count: 10_000), to: url)
            DispatchQueue.concurrentPerform(iterations: 24) { index in
                do {
                    if index % 3 == 0 {
                        try AtomicFile.write(Data(repeating: UInt8(index), count: 10_000), to: url)
                    } else {
                        let data = try Data(contentsOf: url)
                        #expect(data.count == 10_000 && Set(data).count == 1)
                    }
                } catch { Issue.record(error) }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["shared"])
        }
    }

    @Test("An unwritable place is an error that names the path and the system's reason")
    func unwritable() throws {
        try withTemporaryFolder { folder throws in
            let missing = folder.appending(path: "no/such/folder/file")
            let error = #expect(throws: FileWriteError.self) { try AtomicFile.write(Data([1]), to: missing) }
            #expect(error?.path == missing.path)
            let cause = "the folder \(folder.path)/no/such/folder does not exist"
            #expect(error?.cause == cause)
            #expect(error?.description == "\(missing.path): cannot be written: \(cause)")

            let error2 = #expect(throws: FileWriteError.self) { try AtomicFile.write(Data([1]), to: folder) }
            #expect(error2?.cause == "exists and is not a regular file")
            #expect(throws: FileWriteError.self) {
                try AtomicFile.write(Data([1]), to: #require(URL(string: "https://example.org/x")))
            }
            #expect(throws: FileWriteError.self) { try AtomicFile.write(Data([1]), to: URL(filePath: "/dev/null")) }
            #expect(try attributes(URL(filePath: "/dev/null"))[.type] as? FileAttributeType == .typeCharacterSpecial)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        }
    }

    #if os(Linux)
        @Test("A disk that fills up in the middle: an error, the old content whole, nothing half-written left")
        func fullDisk() async {
            // In a process of its own, files may grow to 64 KB: the write stops half-way, as on a full disk.
            await #expect(processExitsWith: .success) {
                try withTemporaryFolder { folder throws in
                    let url = folder.appending(path: "model")
                    try AtomicFile.write(Data([1, 2, 3]), to: url)
                    try onFullDisk(after: 65_536) {
                        let error = #expect(throws: FileWriteError.self) {
                            try AtomicFile.write(Data(count: 100_000), to: url)
                        }
                        #expect(error?.cause == "File too large")
                    }
                    #expect(try Data(contentsOf: url) == Data([1, 2, 3]))
                    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["model"])
                }
            }
        }
    #endif

    @Test("Reading: a missing file, a folder, a device and a pipe are refused at once")
    func unreadable() throws {
        try withTemporaryFolder { folder throws in
            let missing = folder.appending(path: "missing")
            let error = #expect(throws: FormatError.self) { try InputFile.read(missing) }
            #expect(error?.description == "\(missing.path): no such file")
            let pipe = folder.appending(path: "pipe")
            #expect(mkfifo(pipe.path, 0o600) == 0)
            for url in [folder, pipe, URL(filePath: "/dev/zero")] {
                #expect(throws: FormatError.self) { try InputFile.read(url) }
            }
        }
    }

    private func attributes(_ url: URL) throws -> [FileAttributeKey: Any] {
        try FileManager.default.attributesOfItem(atPath: url.path(percentEncoded: false))
    }
}

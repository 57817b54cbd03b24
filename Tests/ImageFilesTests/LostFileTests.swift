import Datasets
import Foundation
import Synchronization
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("Files that turn bad while they are used")
struct LostFileTests {
    static let size = ImageSize(height: 2, width: 2, channels: 1)

    @Test("left out on request: the next of its class is read in its place, and each is told once")
    func substitutes() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["ant", "bee"], 5, to: folder)
            let told = Mutex([String]())
            let opened = try OpenedImages(.folders(FilePath(folder)), size: Self.size, memory: 0) { error in
                told.withLock { $0.append(error.file) }
            }
            let images = opened.images
            let all = Array(0..<10)[...]
            #expect(try images.images(at: all).sampleIDs == Array(0..<10))
            try FileManager.default.removeItem(at: folder.appending(path: "ant/1.png"))
            try folder.file("ant/2.png", [1, 2, 3])
            try FileManager.default.removeItem(at: folder.appending(path: "bee/4.png"))
            for threads in [1, 2] {
                let found = try Parallel.withThreads(threads) { try images.images(at: all) }
                #expect(found.sampleIDs == [0, 3, 3, 3, 4, 5, 6, 7, 8, 5])
                #expect(found.labels == images.labels && found.pixels[4] == 3 && found.pixels[36] == 60)
            }
            #expect(
                told.withLock { $0.map { String($0.suffix(9)) }.sorted() } == ["ant/1.png", "ant/2.png", "bee/4.png"])
            // It stays away, so that a step does not depend on when it comes back.
            try FileManager.default.copyItem(
                at: folder.appending(path: "ant/0.png"), to: folder.appending(path: "ant/1.png"))
            #expect(try images.subset([1, 7, 3]).withoutLabels().images(at: [0, 1]).sampleIDs == [7, 7])
            #expect(images.contentSample.count == 10)
            // Without labels the next image of any class; of a class that has no other the error says so.
            let error = #expect(throws: FormatError.self) { try images.subset([2, 1]).images(at: [0]) }
            #expect(error?.found.hasPrefix("no other image of its class is left") == true)
            #expect(told.withLock { $0.count } == 3)
            #expect(images.lostFiles.map { String($0.suffix(9)) } == ["ant/1.png", "ant/2.png", "bee/4.png"])
        }
    }

    @Test("without the request the first one ends it and says how to go on; so does a folder that is gone, in one line")
    func ending() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["ant", "bee"], 3, to: folder)
            let images = try EncodedImages(folder: folder, size: Self.size, memory: 0)
            try folder.file("ant/1.png", [1, 2, 3])
            let error = #expect(throws: FormatError.self) { try images.images(at: [1]) }
            let size = images.contentSample[1]
            #expect(error?.found == "lost during the run: it has changed (3 bytes, \(size) before)")
            #expect(error?.advice?.hasSuffix("or leave out bad files by --skip-bad") == true)
            let told = Mutex(0)
            let opened = try OpenedImages(.folders(FilePath(folder)), size: Self.size, memory: 0) { _ in
                told.withLock { $0 += 1 }
            }
            try FileManager.default.removeItem(at: folder.appending(path: "bee"))
            let gone = #expect(throws: MachineError.self) { try opened.images.images(at: Array(0..<5)[...]) }
            #expect(gone?.problem.hasPrefix("the folder vanished during the run") == true)
            #expect(gone?.subject.hasSuffix("/bee") == true && told.withLock { $0 } == 0)
        }
    }
}

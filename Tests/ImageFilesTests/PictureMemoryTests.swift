import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("Memory for pictures is asked for")
struct PictureMemoryTests {
    /// A grey PNG of one bit a pixel whose rows are all zeros, made by libpng's format and stored blocks.
    static func bomb(side: Int) -> [UInt8] {
        let header = UInt32(side).bigEndianBytes + UInt32(side).bigEndianBytes + [1, 0, 0, 0, 0]
        return PNGChunks.signature + pngChunk("IHDR", header)
            + pngChunk("IDAT", zlibStream([UInt8](repeating: 0, count: side * (1 + side / 8))))
            + pngChunk("IEND", [])
    }

    /// Leaves this process so many bytes of address space beyond what is in use.
    static func limit(to bytes: Int) throws {
        #if os(Linux)
            let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[0]
            let used = (Int(pages) ?? 0) * Int(getpagesize())
            var limit = rlimit(rlim_cur: rlim_t(used + bytes), rlim_max: rlim_t.max)
            setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        #endif
    }

    @Test(
        "a picture whose pixels, channels or enlarged rows the machine has no memory for ends in an error, not a trap")
    func tooLarge() async {
        await #expect(processExitsWith: .success) {
            let picture = try PNGPicture(PictureMemoryTests.bomb(side: 4096), name: "huge.png")
            try PictureMemoryTests.limit(to: 60 << 20)
            // 16 MB in grey, 48 MB more in colours.
            #expect(try picture.read().pixels.count == 4096 * 4096)
            for size in [
                ImageSize(height: 8, width: 8, channels: 3), ImageSize(height: 4096, width: 4000, channels: 1),
            ] {
                let error = #expect(throws: MachineError.self) { try picture.read(as: size) }
                #expect(error?.subject == "huge.png" && error?.problem.contains("bytes of memory") == true)
            }
        }
    }

    @Test("a decoder that finds no memory for itself speaks of the machine, not of a fault of the file")
    func decoder() throws {
        let picture = try PNGPicture(PNGBuilder { _, _, _ in 1 }.file, name: "f")
        let error = #expect(throws: MachineError.self) { try picture.checkStatus(2, "PNG", [], size: 9) }
        #expect(error?.description == "f: cannot be decoded: the machine has no memory for it")
        #expect(throws: FormatError.self) { try picture.checkStatus(1, "PNG", [], size: 9) }
    }

    @Test("images that do not all fit at the network's size are refused before the first is decoded")
    func folder() throws {
        try withTemporaryFolder { folder in
            try writeGreyImages(["a", "b"], 3, to: folder)
            let images = try EncodedImages(
                folder: folder, size: ImageSize(height: 1 << 24, width: 1 << 24, channels: 3))
            let error = #expect(throws: MachineError.self) { try images.loaded() }
            #expect(error?.subject.hasSuffix("6 images of 16777216×16777216×3") == true)
        }
    }

    @Test("threads that find too little memory wait for one another, and all of them finish")
    func waiting() {
        // So little that no two find room.
        let memory = PictureMemory { bytes, name in
            if bytes > 100 << 20 { throw MachineError(name, "too much") }
        }
        Parallel.withThreads(4) {
            Parallel.forEach(64) { _ in
                #expect(throws: Never.self) { try memory.spending(60 << 20, for: "x") {} }
            }
        }
        #expect(throws: MachineError.self) { try memory.spending(101 << 20, for: "x") {} }
    }
}

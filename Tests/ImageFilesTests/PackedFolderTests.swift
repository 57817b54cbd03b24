import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("A folder of images in one file")
struct PackedFolderTests {
    static let size = ImageSize(height: 6, width: 5, channels: 3)

    /// Pictures of several sizes in the classes "ant" and "bee" of a folder, JPEG and PNG in turn.
    static func write(_ folder: URL, count: Int = 12, seed: UInt64 = 1) throws {
        var random = Philox(seed: seed)
        for number in 0..<count {
            let (height, width) = (8 + random.index(below: 40), 8 + random.index(below: 40))
            let pixels = (0..<height * width * 3).map { UInt8(truncatingIfNeeded: $0 / 7 + number * 20) }
            let image = DecodedImage(pixels: pixels, height: height, width: width, channels: 3)
            let place = folder.appending(path: number % 2 == 0 ? "ant" : "bee")
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            if number % 3 == 0 {
                try JPEGFile.write(image, to: place.appending(path: "\(number).jpg"))
            } else {
                try PNGFile.write(image, to: place.appending(path: "\(number).png"))
            }
        }
    }

    /// All that a run sees of images: views of two epochs, with their ids and labels.
    static func bits(_ images: any ImageSource, threads: Int = 2, prefetch: Int = 2) throws -> [UInt32] {
        try Parallel.withThreads(threads) {
            var bits: [UInt32] = []
            for epoch in 0..<2 {
                let plan = EpochPlan(sources: [.init(images, batchSize: 5)], steps: 3, epoch: epoch, seed: 3)
                var batches = BatchLoader(
                    plan, transform: TinyNoise(), normalization: Normalization(mean: [0, 0, 0], deviation: [1, 1, 1]),
                    prefetch: prefetch
                ).makeIterator()
                while let batch = try batches.next() {
                    bits += batch.inputs.scalars.map(\.bitPattern)
                    bits += batch.sampleIDs.map { UInt32($0) } + batch.labels.map { UInt32($0 ?? 99) }
                }
            }
            return bits
        }
    }

    @Test("the file gives the run that the folder gives, with or without parts, whatever stays decoded, on any threads")
    func sameBits() throws {
        for parts in [[""], ["train", "test"], ["train", "test", "val"]] {
            try withTemporaryFolder { folder in
                let (data, packed) = (folder.appending(path: "data"), folder.appending(path: "data.retort"))
                for (number, part) in parts.enumerated() {
                    try Self.write(data.appending(path: part), count: 30, seed: UInt64(number))
                }
                let result = try PackedFolder.write(data, to: packed)
                #expect(result.images == 30 * parts.count && result.classes == 2 && result.parts.count == parts.count)
                let loose = try DividedData(folder: data, size: Self.size)
                for memory in [0, 5_000, 1 << 24] {
                    let one = try DividedData(folder: packed, size: Self.size, memory: memory)
                    #expect(one.heldOut == loose.heldOut && one.train.identities == loose.train.identities)
                    for (found, expected) in [
                        (one.train, loose.train), (one.validation, loose.validation), (one.test, loose.test),
                    ] {
                        #expect(found.classNames == expected.classNames && found.sampleIDs == expected.sampleIDs)
                        let bits = try Self.bits(expected)
                        #expect(try Self.bits(found) == bits)
                        #expect(try Self.bits(found, threads: 1, prefetch: 0) == bits)
                        #expect(try Self.bits(found, threads: 3, prefetch: 5) == bits)
                    }
                }
            }
        }
    }

    @Test("images in memory in their own sizes, and of two folders together, give the same run")
    func inMemory() throws {
        try withTemporaryFolder { folder in
            try Self.write(folder)
            let images = try EncodedImages(folder: folder, size: Self.size)
            let all = try images.images(at: Array(0..<12)[...])
            #expect(Set(all.heights).count > 1)
            #expect(try Self.bits(all) == Self.bits(images))
            #expect(all.subset([3, 1]).pixels == [3, 1].flatMap { Array(all.pixels(of: $0)) })
        }
    }

    @Test("what is not the file, is cut off or was changed is an error that names it and the image")
    func damage() throws {
        try withTemporaryFolder { folder in
            let packed = folder.appending(path: "data.retort")
            try Self.write(folder.appending(path: "data"))
            _ = try PackedFolder.write(folder.appending(path: "data"), to: packed)
            let bytes = try [UInt8](Data(contentsOf: packed))
            func error(_ bytes: [UInt8]) throws -> FormatError? {
                try folder.file("bad.retort", bytes)
                let url = folder.appending(path: "bad.retort")
                return #expect(throws: FormatError.self) {
                    _ = try DividedData(folder: url, size: Self.size, memory: 0).train.loaded()
                }
            }
            var changed = bytes
            changed[bytes.count - 40] ^= 1
            let found = try error(changed)
            #expect(
                found?.file.hasSuffix("bee/9.jpg") == true
                    && found?.found.contains("other bytes than were packed") == true)
            #expect(try error(Array(bytes.dropLast(10)))?.file.hasSuffix("bad.retort") == true)
            #expect(try error(Array(bytes.prefix(4000)))?.found.contains("cut off") == true)
            #expect(try error(Array("GIF89a".utf8))?.expected.contains("a file of `retort pack`") == true)
            let other = SafetensorsFile(metadata: ["format": "another"], entries: ["ends": .init([Int64(1)])])
            #expect(try error([UInt8](other.encoded()))?.found.contains("did not write") == true)
            // Any changed byte of the header and the index is refused or changes what is known, and never stops the program.
            var random = Philox(seed: 2)
            for _ in 0..<300 {
                var mutated = bytes
                mutated[random.index(below: 1200)] = UInt8(truncatingIfNeeded: random.nextWord())
                try folder.file("bad.retort", mutated)
                _ = try? DividedData(folder: folder.appending(path: "bad.retort"), size: Self.size, memory: 0).train
                    .loaded()
            }
        }
    }

    @Test("a folder that is none, or holds a damaged image, is not packed, and nothing is written")
    func refusals() throws {
        try withTemporaryFolder { folder in
            let (data, packed) = (folder.appending(path: "data"), folder.appending(path: "data.retort"))
            try Self.write(data)
            let whole = try Data(contentsOf: data.appending(path: "ant/2.png"))
            try folder.file("data/ant/2.png", Array(whole.dropLast(30)))
            let error = #expect(throws: FormatError.self) { try PackedFolder.write(data, to: packed) }
            #expect(error?.file.hasSuffix("ant/2.png") == true)
            #expect(throws: FormatError.self) { try PackedFolder.write(folder.appending(path: "none"), to: packed) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["data"])
        }
    }

    @Test(
        "groups by a pattern: frames of a track stay together, in a folder and in its file; a path without one is named"
    )
    func groups() throws {
        try withTemporaryFolder { folder in
            let (data, packed) = (folder.appending(path: "data"), folder.appending(path: "data.retort"))
            try writeGreyImages(["a", "b"], 60, to: data)
            _ = try PackedFolder.write(data, to: packed)
            // The tens of a number: ten images each, of both classes.
            let rule = HeldOut.byGroup(pattern: "/(\\d)?\\d\\.png")
            for url in [data, packed] {
                let divided = try DividedData(folder: url, size: Self.size, heldOut: rule)
                #expect(divided.heldOut == rule)
                let parts = [divided.train, divided.validation, divided.test].map { Set($0.identities ?? []) }
                #expect(parts.reduce(0) { $0 + $1.count } == Set(parts.joined()).count && parts[0].count >= 2)
                #expect(divided.train.count + divided.validation.count + divided.test.count == 120)
                let error = #expect(throws: FormatError.self) {
                    try DividedData(folder: url, size: Self.size, heldOut: .byGroup(pattern: "/1(.)"))
                }
                #expect(error?.found.contains("nothing in 'a/0.png'") == true)
                #expect(throws: ConfigurationError.self) {
                    try DividedData(folder: url, size: Self.size, heldOut: .byGroup(pattern: "("))
                }
            }
        }
    }
}

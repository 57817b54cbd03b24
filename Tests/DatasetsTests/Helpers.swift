import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Datasets

/// The folder with the real data sets, if the environment names one.
let realData = ProcessInfo.processInfo.environment["RETORT_DATA"].flatMap { $0.isEmpty ? nil : URL(filePath: $0) }

/// A gzip member (RFC 1952) of stored blocks (RFC 1951, section 3.2.4).
func gzipped(_ bytes: [UInt8]) -> [UInt8] {
    var file: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    var rest = bytes[...]
    repeat {
        let block = rest.prefix(65_535)
        rest = rest.dropFirst(65_535)
        file.append(rest.isEmpty ? 1 : 0)
        for length in [UInt16(block.count), ~UInt16(block.count)] {
            file += [UInt8(truncatingIfNeeded: length), UInt8(length >> 8)]
        }
        file += block
    } while !rest.isEmpty
    return file + crc32(bytes).bigEndianBytes.reversed() + UInt32(bytes.count).bigEndianBytes.reversed()
}

/// An IDX file of bytes; the extents may lie.
func idx(_ extents: [UInt32], _ content: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(extents.count)] + extents.flatMap(\.bigEndianBytes) + content
}

/// A record of CIFAR: labels, then planes that tell row, column and colour apart.
func record(_ labels: [UInt8], red: UInt8 = 1, green: UInt8 = 2, blue: UInt8 = 3) -> [UInt8] {
    labels + [red, green, blue].flatMap { first in (0..<1024).map { first &+ UInt8(truncatingIfNeeded: $0) } }
}

extension URL {
    /// Writes a file of this name into the folder, and returns where it is.
    @discardableResult
    func file(_ name: String, _ bytes: [UInt8]) throws -> URL {
        let url = appending(path: name)
        try Data(bytes).write(to: url)
        return url
    }
}

/// A set of images whose pixels count up from 0, with the given labels.
func numbered(_ labels: [Int?], height: Int = 1, width: Int = 2, channels: Int = 1, classes: Int) -> ImageSet {
    ImageSet(
        pixels: (0..<labels.count * height * width * channels).map { UInt8(truncatingIfNeeded: $0) }, height: height,
        width: width, channels: channels, labels: labels, classNames: (0..<classes).map { "c\($0)" },
        sampleIDs: labels.indices.map { 100 + $0 })
}

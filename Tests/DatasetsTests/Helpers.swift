import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Datasets

/// The folder with the real data sets, if the environment names one.
let realData = ProcessInfo.processInfo.environment["RETORT_DATA"].flatMap { $0.isEmpty ? nil : URL(filePath: $0) }

/// The error of a read that is refused, with the name of the file alone; nil for a read that succeeds.
func refusalText(_ read: () throws -> Void) -> String? {
    do {
        try read()
        return nil
    } catch let error as FormatError {
        let name = error.file.split(separator: "/").last.map(String.init) ?? ""
        return FormatError(file: name, place: error.place, found: error.found, expected: error.expected).description
    } catch { return "\(error)" }
}

/// An IDX file of bytes; the extents may lie.
func idx(_ extents: [UInt32], _ content: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(extents.count)] + extents.flatMap(\.bigEndianBytes) + content
}

/// A record of CIFAR: labels, then planes that tell row, column and colour apart.
func record(_ labels: [UInt8], red: UInt8 = 1, green: UInt8 = 2, blue: UInt8 = 3) -> [UInt8] {
    labels + [red, green, blue].flatMap { first in (0..<1024).map { first &+ UInt8(truncatingIfNeeded: $0) } }
}

/// A set of images whose pixels count up from 0, with the given labels.
func numbered(_ labels: [Int?], height: Int = 1, width: Int = 2, channels: Int = 1, classes: Int) -> ImageSet {
    ImageSet(
        pixels: (0..<labels.count * height * width * channels).map { UInt8(truncatingIfNeeded: $0) }, height: height,
        width: width, channels: channels, labels: labels, classNames: (0..<classes).map { "c\($0)" },
        sampleIDs: labels.indices.map { 100 + $0 })
}

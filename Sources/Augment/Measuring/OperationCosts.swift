import Datasets
import Foundation
import TensorCore

/// What augmentation costs on the machine that it was measured on: a value that can be kept in JSON.
public struct OperationCosts: Sendable, Hashable, Codable {
    /// Microseconds by size of the image, on one thread.
    public struct Curve: Sendable, Hashable, Codable {
        /// Pixels of one image, ascending, at least two sizes.
        public let pixels: [Int]
        /// Microseconds for one image of each size.
        public let microseconds: [Double]

        /// Creates a curve.
        public init(pixels: [Int], microseconds: [Double]) {
            self.pixels = pixels
            self.microseconds = microseconds
            require(
                isSound,
                "OperationCosts.Curve: \(pixels) pixels, \(microseconds) µs given, two ascending sizes expected")
        }

        fileprivate var isSound: Bool {
            pixels.count >= 2 && pixels.count == microseconds.count && (pixels.first ?? 0) > 0
                && zip(pixels, pixels.dropFirst()).allSatisfy { $0 < $1 }
                && microseconds.allSatisfy { $0 >= 0 && $0.isFinite }
        }

        /// Between the sizes in a straight line, beyond them along the nearest piece of it; never negative.
        public func value(at count: Int) -> Double {
            let upper = min(max(pixels.firstIndex { $0 > count } ?? pixels.count - 1, 1), pixels.count - 1)
            let (from, to) = (Double(pixels[upper - 1]), Double(pixels[upper]))
            let share = (Double(count) - from) / (to - from)
            return max(0, microseconds[upper - 1] + share * (microseconds[upper] - microseconds[upper - 1]))
        }

        /// Microseconds per megapixel at the largest size.
        public var perMegapixel: Double { (microseconds.last ?? 0) / Double(pixels.last ?? 1) * 1e6 }
    }

    /// One operation, done for certain, beyond what an image costs without it.
    public struct Operation: Sendable, Hashable, Codable {
        /// As the last of its policy: what can go into the pass that normalises does.
        public let last: Curve
        /// With another pass after it.
        public let inner: Curve

        /// Creates the cost of an operation.
        public init(last: Curve, inner: Curve) {
            self.last = last
            self.inner = inner
        }
    }

    /// Channels of the images that were measured.
    public let channels: Int
    /// An image with nothing done to it but normalisation.
    public let plain: Curve
    /// By an operation's name in policy files or, for one with these very parameters, by its JSON.
    public let operations: [String: Operation]

    /// Creates a table of costs.
    public init(channels: Int, plain: Curve, operations: [String: Operation]) {
        self.channels = channels
        self.plain = plain
        self.operations = operations
    }

    /// Reads a table from JSON.
    ///
    /// - Throws: `FormatError` for what no calibration could have written.
    public init(json: Data, file: String = "costs") throws {
        let text = try TextFile.decoded(json, file: file)
        do { self = try JSONDecoder().decode(OperationCosts.self, from: Data(text.utf8)) } catch {
            throw LeadingZero(in: text)?.error(file: file)
                ?? FormatError(
                    file: file, found: "text that does not describe costs", expected: "a calibration in JSON")
        }
        let curves = operations.values.flatMap { [$0.last, $0.inner] } + [plain]
        guard channels > 0, curves.allSatisfy(\.isSound) else {
            throw FormatError(
                file: file, found: "sizes or times that cannot be", expected: "two ascending sizes, times of 0 or more")
        }
    }

    /// The table in JSON, always the same bytes for the same table.
    public var json: Data {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return try encoder.encode(self)
        }
    }

    /// What an operation of a policy costs; nil if it was not measured.
    func cost(of operation: any PixelOperation) -> Operation? {
        operations[operation.costKey] ?? operations[type(of: operation).name]
    }
}

extension PixelOperation {
    /// The operation with its parameters, as JSON.
    var costKey: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let policy = AugmentationPolicy(steps: [step])
        // Numbers and names alone: there is nothing in an operation that cannot be encoded.
        guard let text = try? encoder.encode(policy) else { return Self.name }
        return String(decoding: text, as: UTF8.self)
    }
}

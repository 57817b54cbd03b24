import Foundation

/// Named arrays and a few strings in the safetensors format (github.com/huggingface/safetensors): how models are
/// stored.
///
/// A file is the length of its header (8 bytes, little-endian), the header (JSON: for each name the element type, the
/// shape and the place of the bytes) and the bytes. Reading is strict: what does not follow the format to the letter is
/// refused.
///
///     var file = SafetensorsFile(metadata: ["architecture": "…"])
///     file.entries["conv1.weight"] = .init(weights)
///     try file.write(to: url)
///     let weights = try SafetensorsFile.read(url).tensor("conv1.weight", shape: [3, 3, 1, 16])
public struct SafetensorsFile: Sendable {
    /// The element types that are read; Float32, and the integers, are also written.
    public enum DataType: String, Sendable, CaseIterable {
        case uint8 = "U8"
        case int8 = "I8"
        case int32 = "I32"
        case int64 = "I64"
        case float16 = "F16"
        case bfloat16 = "BF16"
        case float32 = "F32"
        case float64 = "F64"

        /// Bytes of one element.
        public var size: Int {
            switch self {
            case .uint8, .int8: 1
            case .float16, .bfloat16: 2
            case .int32, .float32: 4
            case .int64, .float64: 8
            }
        }
    }

    /// One array: its type, its shape, its bytes in row-major order.
    public struct Entry: Sendable, Equatable {
        /// The type of the elements.
        public let dataType: DataType
        /// The extents of the axes.
        public let shape: Shape
        /// The elements, little-endian.
        let bytes: Data

        init(dataType: DataType, shape: Shape, bytes: Data) {
            self.dataType = dataType
            self.shape = shape
            self.bytes = bytes
        }

        /// An entry of Float32.
        public init(_ tensor: Tensor) {
            self.init(
                dataType: .float32, shape: tensor.shape, bytes: tensor.withSpan { $0.withUnsafeBytes { Data($0) } })
        }

        /// An entry of integers or floating-point numbers, in row-major order; one axis when the shape is omitted.
        public init<Element: SafetensorsElement>(_ elements: [Element], shape: Shape? = nil) {
            let shape = shape ?? [elements.count]
            require(
                shape.elementCount == elements.count,
                "SafetensorsFile.Entry: \(elements.count) elements given for shape \(shape)")
            self.init(dataType: Element.dataType, shape: shape, bytes: elements.withUnsafeBytes { Data($0) })
        }
    }

    /// Strings that go with the arrays, by key.
    public var metadata: [String: String]
    /// The arrays, by name.
    public var entries: [String: Entry]
    /// The file that this was read from, for messages.
    public let source: String

    /// What the file holds, by the metadata that the project writes, in words for messages.
    package var contents: String {
        let format = metadata["format"] ?? ""
        if format.hasPrefix("retort checkpoint") { return "a checkpoint of a run" }
        if format.hasPrefix("retort images") { return "images that retort pack wrote (for --data)" }
        if format.hasPrefix("retort teacher outputs") { return "a cache of a teacher's outputs" }
        let isModel =
            format.hasPrefix("retort model") || [Self.graphKey, Self.int8GraphKey].contains { metadata[$0] != nil }
        return isModel ? "a model" : "a safetensors file that Retort did not write"
    }

    /// The key of a model's graph in the metadata, and that of int8 models before graphs had one format for both.
    package static let graphKey = "retort.graph", int8GraphKey = "retort.int8"

    /// Creates a file's content in memory.
    public init(metadata: [String: String] = [:], entries: [String: Entry] = [:]) {
        self.init(metadata: metadata, entries: entries, source: "safetensors")
    }

    /// Creates a file's content from tensors, whose names must differ.
    public init(metadata: [String: String] = [:], tensors: [(name: String, value: Tensor)]) {
        self.init(metadata: metadata)
        for (name, value) in tensors {
            require(entries[name] == nil, "SafetensorsFile: two tensors are named \(name)")
            entries[name] = Entry(value)
        }
    }

    init(metadata: [String: String], entries: [String: Entry], source: String) {
        self.metadata = metadata
        self.entries = entries
        self.source = source
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - url: the file.
    ///   - expected: what a file of another kind stands in place of, for the error.
    /// - Throws: ``FormatError`` that names the file, the place in it, what was found and what was expected;
    ///   ``MachineError`` where the machine cannot read it.
    public static func read(_ url: URL, expecting expected: String = "a safetensors file") throws -> SafetensorsFile {
        try SafetensorsFile(decoding: InputFile.read(url), file: url.relativePath, expecting: expected)
    }

    /// Writes a file, whole or not at all. The same content gives the same bytes.
    public func write(to url: URL) throws(FileWriteError) { try AtomicFile.write(encoded(), to: url) }
}

/// An element type of ``SafetensorsFile`` entries.
public protocol SafetensorsElement: BitwiseCopyable, Sendable {
    /// The type's name in the file.
    static var dataType: SafetensorsFile.DataType { get }
}

extension UInt8: SafetensorsElement {
    public static var dataType: SafetensorsFile.DataType { .uint8 }
}
extension Int8: SafetensorsElement {
    public static var dataType: SafetensorsFile.DataType { .int8 }
}
extension Int32: SafetensorsElement {
    public static var dataType: SafetensorsFile.DataType { .int32 }
}
extension Int64: SafetensorsElement {
    public static var dataType: SafetensorsFile.DataType { .int64 }
}
extension Float: SafetensorsElement {
    public static var dataType: SafetensorsFile.DataType { .float32 }
}
extension Double: SafetensorsElement {
    public static var dataType: SafetensorsFile.DataType { .float64 }
}

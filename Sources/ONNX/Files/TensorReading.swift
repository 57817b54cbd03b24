import Foundation
import TensorCore

/// Reads the tensors of a model file, those beside it in files of their own (external data) included.
struct TensorReader {
    /// The model file, for messages.
    let file: String
    /// The folder that external data lie in; nil where there is none.
    let folder: URL?

    /// The elements of a stored tensor.
    ///
    /// - Throws: `FormatError` for a type that is not read, extents that do not fit the data, and external data that
    ///   lie elsewhere or end too early.
    func read(_ stored: Onnx_TensorProto) throws -> ONNXTensor {
        func fault(_ found: String, _ expected: String) -> FormatError {
            FormatError(file: file, place: "tensor \"\(stored.name)\"", found: found, expected: expected)
        }
        guard let type = ElementType(rawValue: Int(stored.dataType)), type != .string else {
            let name = ElementType(rawValue: Int(stored.dataType)).map { "\($0)" } ?? "number \(stored.dataType)"
            throw fault("elements of type \(name)", "numbers of 8 to 64 bits or truth values")
        }
        guard let shape = Shape(checking: stored.dims.map { Int($0) }) else {
            throw fault("extents \(stored.dims)", "a countable size")
        }
        let count = shape.elementCount
        if stored.dataLocation == .external {
            let bytes = try externalBytes(of: stored, count: count * (type.byteCount ?? 1), fault)
            return try decoded(bytes, as: type, shape, fault)
        }
        if stored.rawData.count > 0 || count == 0 {
            return try decoded(stored.rawData, as: type, shape, fault)
        }
        func checked<Element>(_ values: [Element]) throws -> [Element] {
            guard values.count == count else {
                throw fault("\(values.count) elements of type \(type)", "\(count) for extents \(shape)")
            }
            return values
        }
        switch type {
        case .float32: return ONNXTensor(Tensor(try checked(stored.floatData), shape: shape))
        case .float64:
            return ONNXTensor(Tensor(try checked(stored.doubleData).map { Float($0) }, shape: shape), type: type)
        case .float16:
            let halves = try checked(stored.int32Data).map { Float(halfBits: UInt16(truncatingIfNeeded: $0)) }
            return ONNXTensor(Tensor(halves, shape: shape), type: type)
        case .bfloat16:
            let values = try checked(stored.int32Data).map { Float(bitPattern: UInt32(truncatingIfNeeded: $0) << 16) }
            return ONNXTensor(Tensor(values, shape: shape), type: type)
        case .int64: return ONNXTensor(try checked(stored.int64Data).map { Int($0) }, shape: shape, type: type)
        case .uint64, .uint32:
            let values = try checked(stored.uint64Data).map { Int(bitPattern: UInt($0)) }
            return ONNXTensor(values.map { type.wrapped($0) }, shape: shape, type: type)
        default:
            let values = try checked(stored.int32Data).map { type.wrapped(Int($0)) }
            return ONNXTensor(values, shape: shape, type: type)
        }
    }

    /// Elements from their bytes, least significant first.
    private func decoded(
        _ bytes: Data, as type: ElementType, _ shape: Shape, _ fault: (String, String) -> FormatError
    ) throws -> ONNXTensor {
        let size = shape.elementCount * (type.byteCount ?? 1)
        guard bytes.count == size else { throw fault("\(bytes.count) bytes", "\(size) for \(type) of \(shape)") }
        func integers<Stored: FixedWidthInteger & BitwiseCopyable>(_: Stored.Type) -> ONNXTensor {
            ONNXTensor(bytes.elements(as: Stored.self).map { Int(truncatingIfNeeded: $0) }, shape: shape, type: type)
        }
        switch type {
        case .float32: return ONNXTensor(Tensor(bytes.elements(as: Float.self), shape: shape))
        case .float64:
            let values = bytes.elements(as: UInt64.self).map { Float(Double(bitPattern: $0)) }
            return ONNXTensor(Tensor(values, shape: shape), type: type)
        case .float16:
            let values = bytes.elements(as: UInt16.self).map { Float(halfBits: $0) }
            return ONNXTensor(Tensor(values, shape: shape), type: type)
        case .bfloat16:
            let values = bytes.elements(as: UInt16.self).map { Float(bitPattern: UInt32($0) << 16) }
            return ONNXTensor(Tensor(values, shape: shape), type: type)
        case .uint8: return integers(UInt8.self)
        case .bool:
            return ONNXTensor(bytes.map { $0 == 0 ? 0 : 1 }, shape: shape, type: type)
        case .int8: return integers(Int8.self)
        case .uint16: return integers(UInt16.self)
        case .int16: return integers(Int16.self)
        case .int32: return integers(Int32.self)
        case .uint32: return integers(UInt32.self)
        case .int64: return integers(Int64.self)
        case .uint64: return integers(UInt64.self)
        case .string: throw fault("strings", "numbers")
        }
    }

    /// The bytes of a tensor that lies in a file of its own, which must be beneath the model's folder.
    private func externalBytes(
        of stored: Onnx_TensorProto, count: Int, _ fault: (String, String) -> FormatError
    ) throws -> Data {
        let entries = Dictionary(stored.externalData.map { ($0.key, $0.value) }) { $1 }
        guard let location = entries["location"], !location.isEmpty else {
            throw fault("external data without a location", "the name of a file beside the model")
        }
        guard let folder else { throw fault("external data in \(location)", "a model that was read from a file") }
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        guard !location.hasPrefix("/"), !parts.contains(".."), !location.contains("\0") else {
            throw fault("external data in \(location)", "a file in the model's folder")
        }
        let url = folder.appending(path: location)
        // A link must not lead out of the folder either.
        let root = folder.resolvingSymlinksInPath().path
        guard url.resolvingSymlinksInPath().path.hasPrefix(root.hasSuffix("/") ? root : root + "/") else {
            throw fault("external data in \(location), a link out of the model's folder", "a file in the folder")
        }
        func number(_ key: String) throws -> Int? {
            guard let text = entries[key] else { return nil }
            guard let value = Int(text), value >= 0 else { throw fault("\(key) \(text) of external data", "a number") }
            return value
        }
        let offset = try number("offset") ?? 0
        let length = try number("length") ?? count
        guard length == count else { throw fault("\(length) bytes of external data", "\(count)") }
        let bytes: Data
        do { bytes = try InputFile.read(FilePath(url), from: offset, count: count) } catch let error as FormatError {
            throw FormatError(
                file: file, place: "tensor \"\(stored.name)\"",
                problem: "external data in \(location): \(error.problem)")
        }
        return bytes
    }
}

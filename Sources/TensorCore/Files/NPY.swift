import Foundation

/// One array in NumPy's format (NEP 1; numpy.lib.format): how data comes from and goes to Python.
///
///     let images = try NPY.read(url)
///     try NPY.write(logits, to: url)
public enum NPY {
    /// Reads a file.
    ///
    /// - Throws: ``FormatError`` as ``decode(_:file:)`` and for a file that is missing or no regular one,
    ///   ``MachineError`` where the machine cannot read it.
    public static func read(_ url: URL) throws -> Tensor {
        try decode(InputFile.read(url), file: url.relativePath)
    }

    /// Writes a tensor as little-endian Float32 in row-major order, whole or not at all.
    public static func write(_ tensor: Tensor, to url: URL) throws(FileWriteError) {
        try AtomicFile.write(encode(tensor), to: url)
    }

    /// The bytes of a file, format version 1.0, as numpy.save writes them.
    public static func encode(_ tensor: Tensor) -> Data {
        var data = header(type: "<f4", tensor.shape)
        tensor.withSpan { $0.withUnsafeBytes { data.append(contentsOf: $0) } }
        return data
    }

    /// The same of integers, as int64.
    package static func encode(_ integers: [Int], shape: Shape) -> Data {
        require(integers.count == shape.elementCount, "NPY: \(integers.count) integers for shape \(shape)")
        var data = header(type: "<i8", shape)
        integers.withUnsafeBytes { data.append(contentsOf: $0) }
        return data
    }

    private static func header(type: String, _ shape: Shape) -> Data {
        let extents = shape.map(String.init).joined(separator: ", ") + (shape.rank == 1 ? "," : "")
        var header = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
        // Spaces and a line feed: the data begins at a multiple of 64 bytes.
        header.append(contentsOf: repeatElement(0x20, count: 63 - (10 + header.count) % 64))
        header.append(0x0A)
        require(header.count <= Int(UInt16.max), "NPY: shape \(shape) has too many axes for the header")
        var data = Data(magic + [1, 0, UInt8(header.count & 0xFF), UInt8(header.count >> 8)])
        data.append(contentsOf: header)
        return data
    }

    /// Takes a file's bytes apart: format versions 1.0, 2.0 and 3.0, little-endian, either order of axes.
    ///
    /// Floating-point numbers of 2, 4 and 8 bytes are rounded to the nearest Float32, NaN and infinities stay; integers
    /// of up to 8 bytes and booleans must be Float32 numbers exactly.
    ///
    /// - Parameters:
    ///   - data: the whole file.
    ///   - file: its name, for messages.
    /// - Throws: ``FormatError`` for anything but a well-formed file: another magic or version, a header that does not
    ///   fit or is not the dictionary that the format prescribes, big-endian, object and structured types, sizes that
    ///   overflow or do not match the data, an integer that Float32 does not hold.
    public static func decode(_ data: Data, file: String) throws(FormatError) -> Tensor {
        let bytes = data.startIndex == 0 ? data : Data(data)
        let (start, length) = try headerPlace(bytes, file)
        var cursor = HeaderCursor([UInt8](bytes[start..<start + length]), origin: start, file: file)
        let header = try readHeader(&cursor)
        func fault(_ place: String, _ found: String, _ expected: String) -> FormatError {
            FormatError(file: file, place: place, found: found, expected: expected)
        }
        guard let type = ElementType(rawValue: header.type) else {
            let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
            throw FormatError(
                file: file, place: "descr", found: "type \(header.type)", expected: "one of \(known)",
                advice: "save it as float32: array.astype(\"float32\")")
        }
        guard let shape = Shape(checking: header.extents),
            case let (size, overflow) = shape.elementCount.multipliedReportingOverflow(by: type.size), !overflow
        else { throw fault("shape", "\(header.extents)", "a size below 2⁶³ bytes") }
        let elements = bytes.dropFirst(start + length)
        guard elements.count == size else {
            guard elements.count > size else {
                throw FormatError(
                    file: file,
                    problem: "cut off: \(elements.count) of the \(size) bytes of \(header.type) of shape \(shape)",
                    advice: "copy it again")
            }
            throw fault("data", elements.count.counted("byte"), "\(size) for \(header.type) of shape \(shape)")
        }
        let scalars = try type.scalars(elements) { index, value in
            fault("element \(index)", value, "an integer that Float32 holds exactly")
        }
        // Column-major order is row-major order of the axes reversed.
        return header.isColumnMajor
            ? Tensor(scalars, shape: Shape(shape.reversed())).transposed() : Tensor(scalars, shape: shape)
    }

    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// Where the header's text lies.
    private static func headerPlace(
        _ bytes: Data, _ file: String
    ) throws(FormatError) -> (start: Int, length: Int) {
        func fault(_ byte: Int, _ found: String, _ expected: String) -> FormatError {
            FormatError(file: file, place: "at byte \(byte)", found: found, expected: expected)
        }
        guard bytes.count >= 10, bytes.starts(with: magic) else {
            let kind = FileKind([UInt8](bytes.prefix(FileKind.startSize)))
            guard !bytes.starts(with: magic) else {
                throw FormatError(
                    file: file, problem: "cut off: \(bytes.count) bytes of an NPY file", advice: "copy it again")
            }
            throw FormatError(file: file, found: kind.singular, expected: "an NPY file", advice: kind.advice)
        }
        let version = bytes[6]
        guard (1...3).contains(version), bytes[7] == 0 else {
            throw fault(6, "version \(version).\(bytes[7])", "1.0, 2.0 or 3.0")
        }
        let start = version == 1 ? 10 : 12
        guard bytes.count >= start else { throw fault(8, "the end of the file", "the header's length in 4 bytes") }
        let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= bytes.count - start else {
            throw fault(8, "a header of \(length) bytes", "at most the \(bytes.count - start) that follow")
        }
        return (start, length)
    }

    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`, the keys in any order.
    private static func readHeader(
        _ cursor: inout HeaderCursor
    ) throws(FormatError) -> (type: String, isColumnMajor: Bool, extents: [Int]) {
        var type: String?
        var isColumnMajor: Bool?
        var extents: [Int]?
        try cursor.expect("{")
        while !cursor.take("}") {
            let key = try cursor.plainString()
            try cursor.expect(":")
            switch key {
            case "descr" where type == nil: type = try cursor.plainString()
            case "fortran_order" where isColumnMajor == nil:
                isColumnMajor = cursor.take(word: "True")
                if isColumnMajor == false, !cursor.take(word: "False") { throw cursor.unexpected("True or False") }
            case "shape" where extents == nil: extents = try cursor.integers("(", ")", trailingComma: true)
            default:
                throw cursor.error(found: "key \(key)", expected: "descr, fortran_order and shape, once each")
            }
            if !cursor.take(",") {
                try cursor.expect("}")
                break
            }
        }
        guard cursor.peek() == nil else { throw cursor.unexpected("the end of the header") }
        guard let type, let isColumnMajor, let extents else {
            throw cursor.error(found: "the end of the header", expected: "descr, fortran_order and shape")
        }
        return (type, isColumnMajor, extents)
    }
}

/// NumPy's names of the types that are read.
private enum ElementType: String, CaseIterable {
    case float16 = "<f2"
    case float32 = "<f4"
    case float64 = "<f8"
    case boolean = "|b1"
    case int8 = "|i1"
    case uint8 = "|u1"
    case int16 = "<i2"
    case uint16 = "<u2"
    case int32 = "<i4"
    case uint32 = "<u4"
    case int64 = "<i8"
    case uint64 = "<u8"

    /// Bytes of one element: the digit of the name.
    var size: Int { rawValue.last?.wholeNumberValue ?? 0 }

    /// The elements as Float32; the closure makes the error for an integer that is none.
    func scalars(
        _ data: Data, _ inexact: (_ index: Int, _ value: String) -> FormatError
    ) throws(FormatError) -> [Float] {
        switch self {
        case .float16: return data.elements(as: UInt16.self).map(Float.init(halfBits:))
        case .float32: return data.elements(as: Float.self)
        case .float64: return data.elements(as: Double.self).map { Float($0) }
        case .boolean, .uint8: return try exactly(data.elements(as: UInt8.self), inexact)
        case .int8: return try exactly(data.elements(as: Int8.self), inexact)
        case .int16: return try exactly(data.elements(as: Int16.self), inexact)
        case .uint16: return try exactly(data.elements(as: UInt16.self), inexact)
        case .int32: return try exactly(data.elements(as: Int32.self), inexact)
        case .uint32: return try exactly(data.elements(as: UInt32.self), inexact)
        case .int64: return try exactly(data.elements(as: Int64.self), inexact)
        case .uint64: return try exactly(data.elements(as: UInt64.self), inexact)
        }
    }

    private func exactly<Integer: FixedWidthInteger>(
        _ integers: [Integer], _ inexact: (_ index: Int, _ value: String) -> FormatError
    ) throws(FormatError) -> [Float] {
        var scalars: [Float] = []
        scalars.reserveCapacity(integers.count)
        for integer in integers {
            guard let scalar = Float(exactly: integer) else { throw inexact(scalars.count, "\(integer)") }
            scalars.append(scalar)
        }
        return scalars
    }
}

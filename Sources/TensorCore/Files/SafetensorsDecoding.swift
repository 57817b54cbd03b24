import Foundation

extension SafetensorsFile {
    /// Takes a file's bytes apart.
    ///
    /// - Parameters:
    ///   - data: the whole file.
    ///   - file: its name, for messages.
    ///   - expected: what a file of another kind stands in place of.
    /// - Throws: ``FormatError`` for anything but a well-formed file: a header that does not fit, is not UTF-8 or not
    ///   the JSON that the format prescribes, duplicate names or keys, unknown element types, sizes that overflow or do
    ///   not match the shape, arrays that overlap, leave gaps or lie outside the file.
    public init(
        decoding data: Data, file: String, expecting expected: String = "a safetensors file"
    ) throws(FormatError) {
        let data = data.startIndex == 0 ? data : Data(data)
        let length = data.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard data.count >= 8, length <= UInt64(data.count - 8) else {
            let kind = FileKind(Array(data.prefix(FileKind.startSize)))
            guard kind == .safetensors else { throw FormatError(kind, file: file, expected) }
            throw FormatError(
                file: file,
                problem: "cut off: \(data.count) bytes of a safetensors file whose header alone has \(length)",
                advice: "copy it again")
        }
        let header = [UInt8](data[8..<8 + Int(length)])
        guard String(validating: header, as: UTF8.self) != nil else {
            throw FormatError(file: file, place: "header", found: "bytes that are no UTF-8", expected: "JSON in UTF-8")
        }
        var cursor = HeaderCursor(header, origin: 8, file: file)
        let contents = try Self.readHeader(&cursor)
        self.init(
            metadata: contents.metadata ?? [:],
            entries: try Self.cut(data.dropFirst(8 + header.count), as: contents.arrays, file: file), source: file)
    }

    /// What the header says of one array.
    private struct Description {
        let dataType: DataType
        let extents: [Int]
        let begin, end: Int
    }

    private static func readHeader(
        _ cursor: inout HeaderCursor
    ) throws(FormatError) -> (metadata: [String: String]?, arrays: [String: Description]) {
        var metadata: [String: String]?
        var arrays: [String: Description] = [:]
        guard cursor.peek() == 0x7B, cursor.position == 0 else { throw cursor.unexpected("`{` as the first byte") }
        try readObject(&cursor) { (name, cursor) throws(FormatError) in
            guard name == metadataKey else {
                guard arrays[name] == nil else {
                    throw cursor.error(found: "a second array named \(name)", expected: "different names")
                }
                arrays[name] = try readDescription(&cursor, name: name)
                return
            }
            guard metadata == nil else {
                throw cursor.error(found: "\(metadataKey) a second time", expected: "one")
            }
            var pairs: [String: String] = [:]
            try readObject(&cursor) { (key, cursor) throws(FormatError) in
                guard pairs[key] == nil else {
                    throw cursor.error(found: "metadata \(key) a second time", expected: "different keys")
                }
                pairs[key] = try cursor.jsonString()
            }
            metadata = pairs
        }
        guard cursor.peek() == nil else { throw cursor.unexpected("the end of the header") }
        return (metadata, arrays)
    }

    /// Reads `{"key": …, "key": …}`; the closure reads each value.
    private static func readObject(
        _ cursor: inout HeaderCursor,
        _ readValue: (_ key: String, inout HeaderCursor) throws(FormatError) -> Void
    ) throws(FormatError) {
        try cursor.expect("{")
        if cursor.take("}") { return }
        repeat {
            let key = try cursor.jsonString()
            try cursor.expect(":")
            try readValue(key, &cursor)
        } while cursor.take(",")
        try cursor.expect("}")
    }

    private static func readDescription(
        _ cursor: inout HeaderCursor, name: String
    ) throws(FormatError) -> Description {
        var dataType: DataType?
        var extents: [Int]?
        var offsets: [Int]?
        try readObject(&cursor) { (key, cursor) throws(FormatError) in
            switch key {
            case "dtype" where dataType == nil:
                let text = try cursor.jsonString()
                dataType = DataType(rawValue: text)
                guard dataType != nil else {
                    throw FormatError(
                        file: cursor.file, place: "array \(name)", found: "dtype \(text)",
                        expected: "one of \(DataType.allCases.map(\.rawValue).joined(separator: ", "))")
                }
            case "shape" where extents == nil: extents = try cursor.integers("[", "]")
            case "data_offsets" where offsets == nil: offsets = try cursor.integers("[", "]")
            default:
                throw FormatError(
                    file: cursor.file, place: "array \(name)", found: "key \(key)",
                    expected: "dtype, shape and data_offsets, once each")
            }
        }
        guard let dataType, let extents, let offsets, offsets.count == 2 else {
            throw FormatError(
                file: cursor.file, place: "array \(name)",
                found: "dtype \(dataType?.rawValue ?? "missing"), shape \(extents.map { "\($0)" } ?? "missing"), "
                    + "data_offsets \(offsets.map { "\($0)" } ?? "missing")",
                expected: "all three, the last with two numbers")
        }
        return Description(dataType: dataType, extents: extents, begin: offsets[0], end: offsets[1])
    }

    private static func cut(
        _ data: Data, as arrays: [String: Description], file: String
    ) throws(FormatError) -> [String: Entry] {
        var entries: [String: Entry] = [:]
        var covered = 0
        let inOrder = arrays.sorted { ($0.value.begin, $0.value.end) < ($1.value.begin, $1.value.end) }
        for (name, array) in inOrder {
            func fault(_ found: String, _ expected: String) -> FormatError {
                FormatError(file: file, place: "array \(name)", found: found, expected: expected)
            }
            guard let shape = Shape(checking: array.extents),
                case let (bytes, overflow) = shape.elementCount.multipliedReportingOverflow(by: array.dataType.size),
                !overflow
            else { throw fault("shape \(array.extents)", "a size below 2⁶³ bytes") }
            guard array.begin <= array.end else {
                throw fault("bytes \(array.begin)..<\(array.end)", "a range within the \(data.count) of the file")
            }
            guard array.end <= data.count else {
                let (size, overflow) = data.startIndex.addingReportingOverflow(inOrder.map(\.value.end).max() ?? 0)
                throw FormatError(
                    file: file,
                    problem:
                        "cut off: \(data.endIndex)\(overflow ? "" : " of the \(size)") bytes of a safetensors file",
                    advice: "copy it again")
            }
            guard array.end - array.begin == bytes else {
                throw fault(
                    "\(array.end - array.begin) bytes", "\(bytes) for \(array.dataType.rawValue) of shape \(shape)")
            }
            guard array.begin == covered else {
                throw fault("data at byte \(array.begin)", "at \(covered), where the array before it ends")
            }
            covered = array.end
            let place = data.startIndex + array.begin
            entries[name] = Entry(dataType: array.dataType, shape: shape, bytes: data[place..<place + bytes])
        }
        guard covered == data.count else {
            throw FormatError(
                file: file, place: "end",
                found: (data.count - covered).counted(
                    "byte that belongs to no array", "bytes that belong to no array"),
                expected: "none")
        }
        return entries
    }
}

extension FormatError {
    /// A file of another kind in place of one in the safetensors format.
    fileprivate init(_ kind: FileKind, file: String, _ expected: String) {
        let origin = [.zip, .pickle].contains(kind) ? ", as torch.save writes," : ""
        self.init(file: file, found: kind.singular + origin, expected: expected, advice: kind.advice)
    }
}

import Foundation

#if _endian(big)
    #error("Tensor files (safetensors, npy) are little-endian, and elements are copied as they lie in memory.")
#endif

extension SafetensorsFile {
    static let metadataKey = "__metadata__"

    /// The bytes of the file.
    ///
    /// The header lists names in order. The data begins at a multiple of 8 bytes and puts wide elements first, so that
    /// every array is aligned to its element size, which readers that map the file rely on.
    public func encoded() -> Data {
        let (header, layout) = layout(before: nil)
        var data = Data(capacity: header.count + layout.reduce(0) { $0 + $1.bytes.count })
        data.append(header)
        for entry in layout { data.append(entry.bytes) }
        return data
    }

    /// Writes a file with one more array, of bytes that come piece by piece: for what memory should not hold at once.
    ///
    /// - Parameters:
    ///   - url: the file, which is written whole or not at all.
    ///   - name: of that array, which comes last.
    ///   - count: its bytes.
    ///   - next: its next piece; nil after the last one. Together they are so many bytes.
    /// - Throws: ``FileWriteError``, and what the closure throws.
    package func write(to url: URL, with name: String, of count: Int, pieces next: () throws -> Data?) throws {
        let (header, layout) = layout(before: (name, count))
        var parts = ([header] + layout.map(\.bytes))[...]
        var written = 0
        try AtomicFile.write(to: url) {
            if let part = parts.popFirst() { return part }
            let piece = try next()
            written += piece?.count ?? 0
            require(
                piece == nil ? written == count : written <= count,
                "SafetensorsFile: \(written) bytes of \(name), \(count) announced")
            return piece
        }
    }

    /// The header, with its length, and the arrays in the order of their bytes.
    ///
    /// - Parameter last: the name and the number of bytes of an array that comes after them.
    private func layout(before last: (name: String, count: Int)?) -> (header: Data, entries: [Entry]) {
        require(entries[Self.metadataKey] == nil, "SafetensorsFile: no array may be named \(Self.metadataKey)")
        let layout = entries.sorted { ($1.value.dataType.size, $0.key) < ($0.value.dataType.size, $1.key) }
        var items: [(name: String, text: String)] = []
        var size = 0
        func add(_ name: String, _ type: DataType, _ extents: [Int], _ count: Int) {
            items.append(
                (
                    name,
                    "\(Self.json(name)):{\"dtype\":\"\(type.rawValue)\",\"shape\":"
                        + "[\(extents.map(String.init).joined(separator: ","))],"
                        + "\"data_offsets\":[\(size),\(size + count)]}"
                ))
            size += count
        }
        for (name, entry) in layout { add(name, entry.dataType, entry.shape.extents, entry.bytes.count) }
        if let last {
            require(entries[last.name] == nil, "SafetensorsFile: two arrays are named \(last.name)")
            add(last.name, .uint8, [last.count], last.count)
        }
        var texts = items.sorted { $0.name < $1.name }.map(\.text)
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(Self.json($0.key)):\(Self.json($0.value))" }
            texts.insert("\(Self.json(Self.metadataKey)):{\(pairs.joined(separator: ","))}", at: 0)
        }
        var header = Array("{\(texts.joined(separator: ","))}".utf8)
        header.append(contentsOf: repeatElement(0x20, count: (8 - header.count % 8) % 8))
        return (withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + Data(header), layout.map(\.value))
    }

    /// A JSON string literal: quotes, backslashes and control characters escaped, all else as it is.
    static func json(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

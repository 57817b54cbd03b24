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
        require(entries[Self.metadataKey] == nil, "SafetensorsFile: no array may be named \(Self.metadataKey)")
        let names = entries.keys.sorted()
        let layout = entries.sorted { ($1.value.dataType.size, $0.key) < ($0.value.dataType.size, $1.key) }
        var offsets: [String: Int] = [:]
        var size = 0
        for (name, entry) in layout {
            offsets[name] = size
            size += entry.bytes.count
        }

        var items: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(Self.json($0.key)):\(Self.json($0.value))" }
            items.append("\(Self.json(Self.metadataKey)):{\(pairs.joined(separator: ","))}")
        }
        for name in names {
            guard let entry = entries[name], let begin = offsets[name] else { continue }
            let extents = entry.shape.map(String.init).joined(separator: ",")
            items.append(
                "\(Self.json(name)):{\"dtype\":\"\(entry.dataType.rawValue)\",\"shape\":[\(extents)],"
                    + "\"data_offsets\":[\(begin),\(begin + entry.bytes.count)]}")
        }
        var header = Array("{\(items.joined(separator: ","))}".utf8)
        header.append(contentsOf: repeatElement(0x20, count: (8 - header.count % 8) % 8))

        var data = Data(capacity: 8 + header.count + size)
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { data.append(contentsOf: $0) }
        data.append(contentsOf: header)
        for (_, entry) in layout { data.append(entry.bytes) }
        return data
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

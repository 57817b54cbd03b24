import Foundation
import TestSupport
import Testing

@testable import TensorCore

@Suite struct SafetensorsTests {
    // Written by the reference implementation, Python package safetensors 0.8.0 with PyTorch: every type that we read,
    // names and metadata with characters that JSON escapes, an array without axes and one without elements.
    static let reference = Data(
        base64Encoded: """
            mAIAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCIsIm5vdGUiOiJ0YWJcdCwgbmV3bGluZVxuLCDDqSwg8J+YgCJ9LCJsIjp7Im
            R0eXBlIjoiSTY0Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMCwxNl19LCJkb3VibGUiOnsiZHR5cGUiOiJGNjQiLCJzaGFwZSI6WzEs
            M10sImRhdGFfb2Zmc2V0cyI6WzE2LDQwXX0sImVtcHR5Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDNdLCJkYXRhX29mZnNldHMiOls0MC
            w0MF19LCJzY2FsYXIiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6W10sImRhdGFfb2Zmc2V0cyI6WzQwLDQ0XX0sIndlaWdodHMuw6RcIlxcIjp7
            ImR0eXBlIjoiRjMyIiwic2hhcGUiOlszLDJdLCJkYXRhX29mZnNldHMiOls0NCw2OF19LCJpIjp7ImR0eXBlIjoiSTMyIiwic2hhcGUiOlsyXS
            wiZGF0YV9vZmZzZXRzIjpbNjgsNzZdfSwiYnJhaW4iOnsiZHR5cGUiOiJCRjE2Iiwic2hhcGUiOls0XSwiZGF0YV9vZmZzZXRzIjpbNzYsODRd
            fSwiaGFsZiI6eyJkdHlwZSI6IkYxNiIsInNoYXBlIjpbMiw0XSwiZGF0YV9vZmZzZXRzIjpbODQsMTAwXX0sInEiOnsiZHR5cGUiOiJJOCIsIn
            NoYXBlIjpbM10sImRhdGFfb2Zmc2V0cyI6WzEwMCwxMDNdfSwidSI6eyJkdHlwZSI6IlU4Iiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpb
            MTAzLDEwNV19fSAgAAAAAAAAAID/////////f5qZmZmZmbk/H7jUSnrujTUAAAAQAABwQQAA4EAAAAAAAACAPgAAAD8AAEA/AACAPwAAoD8AAA
            CA////f4A/ScB/fwEAAAAAgAA8AMH/ewEA/wNVNYAAfwD/
            """, options: .ignoreUnknownCharacters)!

    @Test("What the reference implementation writes is read, every type exactly")
    func readsReference() throws {
        let file = try SafetensorsFile(decoding: Self.reference, file: "reference")
        #expect(file.metadata == ["format": "pt", "note": "tab\t, newline\n, é, \u{1F600}"])
        #expect(try file.tensor("weights.ä\"\\") == Tensor([0, 0.25, 0.5, 0.75, 1, 1.25], shape: [3, 2]))
        #expect(try file.tensor("scalar", shape: []).scalar == 7)
        #expect(try file.tensor("empty", shape: [0, 3]).count == 0)
        // As PyTorch converts them to float32.
        let half = try file.tensor("half", shape: [2, 4])
        #expect(half.scalars == [0, -0.0, 1, -2.5, 65504, 0x1p-24, 6.097555e-05, 0.33325195])
        #expect(half.scalars[1].sign == .minus)
        #expect(try file.tensor("brain").scalars == [1, -3.140625, 3.3895314e38, 9.18355e-41])
        #expect(try file.tensor("double").scalars == [0.1, 0, 16_777_216])
        #expect(try file.elements("q", as: Int8.self) == [-128, 0, 127])
        #expect(try file.elements("u", as: UInt8.self) == [0, 255])
        #expect(try file.elements("i", as: Int32.self) == [.min, .max])
        #expect(try file.elements("l", as: Int64.self, shape: [2]) == [.min, .max])
        #expect(try file.elements("double", as: Double.self) == [0.1, 1e-50, 16_777_217])
    }

    @Test("A file that is cut off anywhere after its header says how long it was, and not where an array lies in it")
    func cutOff() throws {
        let header = 8 + Int(Self.reference[0]) + 256 * Int(Self.reference[1])
        for length in [header, header + 30, Self.reference.count - 1] {
            let error = #expect(throws: FormatError.self) {
                try SafetensorsFile(decoding: Self.reference.prefix(length), file: "cut")
            }
            #expect(
                error?.description
                    == "cut: cut off: \(length) of the \(Self.reference.count) bytes of a safetensors file; copy it again"
            )
        }
    }

    @Test("Reading after writing gives the same content, and the same content the same bytes")
    func roundTrip() throws {
        let file = try SafetensorsFile(decoding: Self.reference, file: "reference")
        let bytes = file.encoded()
        let again = try SafetensorsFile(decoding: bytes, file: "again")
        #expect(again.metadata == file.metadata)
        #expect(again.entries == file.entries)
        #expect(again.encoded() == bytes)
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "model.safetensors")
            try file.write(to: url)
            #expect(try Data(contentsOf: url) == bytes)
            #expect(try SafetensorsFile.read(url).entries == file.entries)
        }
        let empty = try SafetensorsFile(decoding: SafetensorsFile().encoded(), file: "empty")
        #expect(empty.entries.isEmpty && empty.metadata.isEmpty)
    }

    @Test("The layout: names in order, header padded to 8 bytes, wide elements first so that each array is aligned")
    func layout() throws {
        var file = SafetensorsFile(metadata: ["b": "2", "a": "\u{1}"], tensors: [("w", Tensor([1, 2]))])
        file.entries["a"] = .init([Int8(1), 2, 3])
        file.entries["z"] = .init([5.0] as [Double], shape: [1, 1])
        let bytes = file.encoded()
        let header = """
            {"__metadata__":{"a":"\\u0001","b":"2"},"a":{"dtype":"I8","shape":[3],"data_offsets":[16,19]},\
            "w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"z":{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]}}
            """
        let padded = (header.utf8.count + 7) / 8 * 8
        #expect(Int(bytes[0]) + Int(bytes[1]) << 8 == padded)
        #expect(
            String(decoding: bytes[8..<8 + padded], as: UTF8.self)
                == header + String(repeating: " ", count: padded - header.utf8.count))
        #expect(bytes.count == 8 + padded + 19)
    }

    @Test("A missing name, a wrong shape, a wrong type and NaN weights are refused with their names")
    func access() throws {
        let file = SafetensorsFile(
            entries: ["w": .init(Tensor([1, .nan, 3])), "q": .init([Int8(1)]), "i": .init([Float.infinity])])
        func message(_ body: () throws -> Void) -> String? {
            #expect(throws: FormatError.self, performing: body)?.description
        }
        #expect(
            message { _ = try file.tensor("v") }
                == "safetensors: the array 'v' is missing (there are 3 others)")
        #expect(
            message { _ = try file.tensor("w", shape: [1, 3]) }
                == "safetensors: array w: shape [3] found, [1, 3] expected")
        #expect(
            message { _ = try file.tensor("w") }
                == "safetensors: array w: nan at element 1 found, finite numbers expected")
        #expect(try file.tensor("w", allowingNonFinite: true).scalars[2] == 3)
        #expect(message { _ = try file.tensor("i") }?.contains("inf at element 0") == true)
        #expect(message { _ = try file.tensor("q") }?.contains("integers (I8)") == true)
        #expect(message { _ = try file.elements("q", as: UInt8.self) }?.contains("I8 found, U8 expected") == true)
        #expect(message { _ = try file.elements("q", as: Int8.self, shape: []) }?.contains("shape [1]") == true)
    }

    /// A file of a header text and so many zero bytes.
    private static func bytes(_ header: String, data: Int = 0, length: UInt64? = nil) -> Data {
        var bytes = withUnsafeBytes(of: length ?? UInt64(header.utf8.count)) { Data($0) }
        bytes.append(contentsOf: header.utf8)
        bytes.append(Data(count: data))
        return bytes
    }

    @Test(
        "A header that breaks a rule of the format is refused, and the message says which",
        arguments: [
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#, 4, "end of header"),
            (#" {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 4, "`{` as the first byte"),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}x"#, 4, "the end of the header"),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}"#, 4, "`}`"),
            (#"{"a":{"dtype":"F32","shape":[1,],"data_offsets":[0,4]}}"#, 4, "a non-negative integer"),
            (#"{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}"#, 4, "leading zeros"),
            (#"{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}"#, 4, "`.0]"),
            (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, 4, "a non-negative integer"),
            (
                #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}"#,
                4, "a second array named a"
            ),
            (#"{"__metadata__":{},"__metadata__":{}}"#, 0, "__metadata__ a second time"),
            (#"{"__metadata__":{"k":"1","k":"2"}}"#, 0, "metadata k a second time"),
            (#"{"__metadata__":{"k":1}}"#, 0, #"`"`"#),
            (#"{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}"#, 4, "key shape"),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":0}}"#, 4, "key x"),
            (#"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, 4, "shape missing"),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}"#, 4, "two numbers"),
            (#"{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}"#, 4, "dtype F31"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "8 for F32 of shape [2]"),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "bytes 4..<0"),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 4, "cut off: "),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "data at byte 4"),
            (
                #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}"#,
                6, "data at byte 2"
            ),
            (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, 5, "1 byte that belongs to no array"),
            (#"{"a":{"dtype":"F64","shape":[4611686018427387904,2],"data_offsets":[0,0]}}"#, 0, "2⁶³ bytes"),
            (#"{"a":{"dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,0]}}"#, 0, "2⁶³ bytes"),
            (#"{"a":{"dtype":"F64","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}"#, 0, "2⁶³ bytes"),
            (#"{"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,0]}}"#, 0, "beyond 2⁶³"),
            (#"{"a":{"dtype":"F32","shape":[92233720368547758070],"data_offsets":[0,0]}}"#, 0, "beyond 2⁶³"),
            (#"{"\x":{}}"#, 0, "an escape"),
            (#"{"\u12G4":{}}"#, 0, "hexadecimal"),
            (#"{"\uD800":{}}"#, 0, "a Unicode character"),
            (#"{"\uD800\u0041":{}}"#, 0, "a Unicode character"),
            ("{\"a\nb\":{}}", 0, "a character"),
            ("", 0, "end of header"),
            (String(repeating: "[", count: 200_000), 0, "`{` as the first byte"),
            (#"{"a":{"dtype":"F32","shape":"# + String(repeating: "[", count: 200_000), 0, "a non-negative integer"),
            (String(repeating: #"{"a":"#, count: 50_000), 0, "key a"),
        ])
    func refuses(header: String, data: Int, part: String) throws {
        let error = #expect(throws: FormatError.self) {
            try SafetensorsFile(decoding: Self.bytes(header, data: data), file: "f")
        }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test("A header length beyond the file is refused, up to the largest number that 8 bytes hold")
    func headerLength() {
        for length: UInt64 in [3, 1 << 31, 1 << 63, .max, .max - 7] {
            #expect(throws: FormatError.self) {
                try SafetensorsFile(decoding: Self.bytes("{}", length: length), file: "f")
            }
        }
        #expect(throws: FormatError.self) {
            var bytes = Self.bytes(#"{"__metadata__":{"k":"ab"}}"#)
            bytes[30] = 0xFF
            return try SafetensorsFile(decoding: bytes, file: "f")
        }
    }

    @Test("Cut off at any byte, the reference file is refused")
    func truncated() {
        for count in 0..<Self.reference.count {
            #expect(throws: FormatError.self) {
                try SafetensorsFile(decoding: Self.reference.prefix(count), file: "f")
            }
        }
    }

    @Test("With any byte changed, the reference file is read or refused: no crash, no more data than it has")
    func corrupted() {
        for index in Self.reference.indices {
            for mask: UInt8 in [0x01, 0x02, 0x10, 0x80, 0xFF] {
                var bytes = Self.reference
                bytes[index] ^= mask
                do {
                    let file = try SafetensorsFile(decoding: bytes, file: "f")
                    for (name, entry) in file.entries {
                        #expect(entry.shape.elementCount * entry.dataType.size == entry.bytes.count)
                        _ = try? file.tensor(name)
                    }
                } catch { #expect(!error.description.isEmpty) }
            }
        }
    }
}

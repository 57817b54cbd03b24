import Foundation
import TestSupport
import Testing

@testable import TensorCore

@Suite struct NPYTests {
    // Written by NumPy 2.4.6, numpy.save and numpy.lib.format.write_array, of the arrays that the first test lists.
    static let files: [String: Data] = [
        "f4":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDMpLCB9ICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAACAPwAAIMAA4H9HzczMPQAAAIA=
        """,
        "fortran":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMywgNCksIH0gICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAABAQQAAgEAAAIBBAAAAQQAAoEEAAIA/AABQQQAA
        oEAAAIhBAAAQQQAAqEEAAABAAABgQQAAwEAAAJBBAAAgQQAAsEEAAEBAAABwQQAA4EAAAJhBAAAwQQAAuEE=
        """,
        "f8":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnPGY4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDUsKSwgfSAgICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqamZmZmZm5P5x1AIg85Dd+AAAAAAAA8P8AAAAAAAD4fwAA
        ABAAAHBB
        """,
        "f2":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnPGYyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDQsKSwgfSAgICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAPADB/3sBAA==
        """,
        "u1":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsIDIpLCB9ICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoA/w==
        """,
        "i8":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnPGk4JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsKSwgfSAgICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAr//////////wkAAAAAAAAAAAAAAQAAAAA=
        """,
        "boolean":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnfGIxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAA==
        """,
        "scalar":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKCksIH0gICAgICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAOBA
        """,
        "empty":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDAsIDMpLCB9ICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo=
        """,
        "version 2":
            """
        k05VTVBZAgB0AAAAeydkZXNjcic6ICc8aTInLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwpLCB9ICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAIA
        """,
        "version 3":
            """
        k05VTVBZAwB0AAAAeydkZXNjcic6ICc8dTQnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwpLCB9ICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAAAAAgAAAA==
        """,
        "object":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnfE8nLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMSwpLCB9ICAgICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAqABJWLAAAAAAAAAIwWbnVtcHkuX2NvcmUubXVsdGlhcnJh
        eZSMDF9yZWNvbnN0cnVjdJSTlIwFbnVtcHmUjAduZGFycmF5lJOUSwCFlEMBYpSHlFKUKEsBSwGFlGgDjAVkdHlwZZSTlIwCTziUiYiHlFKU
        KEsDjAF8lE5OTkr/////Sv////9LP3SUYoldlEsBYXSUYi4=
        """,
        "big-endian":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiAnPmY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsKSwgfSAgICAgICAgICAgICAg
        ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAo/gAAAQAAAAA==
        """,
        "structure":
            """
        k05VTVBZAQB2AHsnZGVzY3InOiBbKCdhJywgJzxmNCcpLCAoJ2InLCAnPGk0JyldLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUn
        OiAoMSwpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAIA/AgAAAA==
        """,
    ].mapValues { Data(base64Encoded: $0, options: .ignoreUnknownCharacters) ?? Data() }

    private func decode(_ name: String) throws -> Tensor { try NPY.decode(Self.files[name]!, file: name) }

    @Test("What NumPy writes is read: every version, types, both orders of axes, no axes, no elements")
    func readsNumPy() throws {
        #expect(try decode("f4") == Tensor([0, 1, -2.5, 65504, 0.1, -0.0], shape: [2, 3]))
        #expect(try decode("f4").scalars[5].sign == .minus)
        #expect(try decode("fortran") == Tensor((0..<24).map { Float($0) }, shape: [2, 3, 4]))
        let doubles = try decode("f8").scalars
        #expect(doubles[0] == 0.1 && doubles[1] == .infinity && doubles[2] == -.infinity && doubles[3].isNaN)
        #expect(doubles[4] == 16_777_216)  // 2²⁴ + 1, rounded to even
        #expect(try decode("f2") == Tensor([1, -2.5, 65504, 0x1p-24]))
        #expect(try decode("u1") == Tensor([0, 255], shape: [1, 2]))
        #expect(try decode("i8") == Tensor([-1, 9, 16_777_216]))
        #expect(try decode("boolean") == Tensor([1, 0]))
        #expect(try decode("scalar") == Tensor(7))
        #expect(try decode("empty") == .zeros([0, 3]))
        #expect(try decode("version 2") == Tensor([1, 2]))
        #expect(try decode("version 3") == Tensor([1, 2]))
    }

    @Test("What we write is what NumPy writes, and reads back bit for bit, from a file too")
    func roundTrip() throws {
        #expect(NPY.encode(try decode("f4")) == Self.files["f4"])
        #expect(NPY.encode(try decode("scalar")) == Self.files["scalar"])
        #expect(NPY.encode(try decode("empty")) == Self.files["empty"])
        for tensor in [Tensor([1, .nan, -.infinity]), Tensor([5]), .ones([2, 1, 3, 1]), .zeros([0])] {
            let bytes = NPY.encode(tensor)
            #expect((bytes.count - 4 * tensor.count) % 64 == 0)
            let again = try NPY.decode(bytes, file: "f")
            #expect(again.isBitIdentical(to: tensor))
            try withTemporaryFolder { folder in
                let url = folder.appending(path: "array.npy")
                try NPY.write(tensor, to: url)
                let read = try NPY.read(url)
                #expect(read.isBitIdentical(to: tensor))
            }
        }
        // A slice of a larger buffer, whose indices do not begin at 0.
        let slice = (Data([1, 2, 3]) + NPY.encode(Tensor([4, 5]))).dropFirst(3)
        #expect(try NPY.decode(slice, file: "f") == Tensor([4, 5]))
    }

    @Test(
        "Objects, structures, other byte orders are refused, and never executed",
        arguments: [
            ("object", "descr: type |O found, one of <f2, <f4"),
            ("object", "; save it as float32: array.astype(\"float32\")"), ("big-endian", "descr: type >f4 found"),
            ("structure", "at byte 20: `[('a', '<f4'` found, a string expected"),
        ])
    func refusedTypes(name: String, part: String) {
        let error = #expect(throws: FormatError.self) { try decode(name) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    /// A file of format version 1.0 with a header text and so many zero bytes.
    private static func bytes(_ header: String, data: Int = 0, length: Int? = nil) -> Data {
        let length = length ?? header.utf8.count
        return Data(
            [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(header.utf8))
            + Data(count: data)
    }

    @Test(
        "A header that breaks a rule is refused, and the message says which",
        arguments: [
            ("", 0, "end of header found, `{` expected"),
            ("{}", 0, "descr, fortran_order and shape expected"),
            ("{'descr': '<f4', 'fortran_order': False}", 4, "descr, fortran_order and shape expected"),
            ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4, "key descr found"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", 4, "key x found"),
            ("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}", 4, "True or False expected"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, "a non-negative integer expected"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)", 4, "end of header found, `}` expected"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} 1", 4, "the end of the header expected"),
            ("{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}", 4, "`}` expected"),
            ("{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}", 4, "expected"),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 4,
                "cut off: 4 of the 8 bytes of <f4 of shape [2]"
            ),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 5, "5 bytes found, 4 for <f4 of shape [1]"),
            (
                "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", 4,
                "cut off: 4 of the 8 bytes of <f8 of shape [1]"
            ),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}", 0, "beyond 2⁶³"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", 0, "below 2⁶³ bytes"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (1152921504606846976,)}", 0, "below 2⁶³ bytes"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4, 0)}", 0, "below 2⁶³ bytes"),
        ])
    func refusedHeaders(header: String, data: Int, part: String) {
        let error = #expect(throws: FormatError.self) { try NPY.decode(Self.bytes(header, data: data), file: "f") }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
    }

    @Test("Another magic, version or header length is refused")
    func refusedStarts() {
        func message(_ bytes: Data) -> String? {
            #expect(throws: FormatError.self) { try NPY.decode(bytes, file: "f") }?.description
        }
        #expect(message(Data()) == "f: an empty file found, an NPY file expected")
        #expect(message(Data("PK\u{3}\u{4}archive".utf8)) == "f: a ZIP file found, an NPY file expected")
        #expect(message(Self.bytes("{}").prefix(9)) == "f: cut off: 9 bytes of an NPY file; copy it again")
        #expect(message(Self.bytes("{}", length: 3))?.contains("a header of 3 bytes found, at most the 2") == true)
        for (major, minor) in [(0, 0), (4, 0), (1, 1), (255, 255)] as [(UInt8, UInt8)] {
            var bytes = Self.files["f4"]!
            (bytes[6], bytes[7]) = (major, minor)
            #expect(message(bytes)?.contains("version \(major).\(minor) found, 1.0, 2.0 or 3.0 expected") == true)
        }
        var long = Self.files["version 2"]!
        for byte in 8..<12 { long[byte] = 0xFF }
        #expect(message(long)?.contains("a header of 4294967295 bytes") == true)
        #expect(message(long.prefix(10))?.contains("in 4 bytes") == true)
    }

    @Test("An integer that Float32 does not hold is refused with its place")
    func inexactIntegers() {
        var bytes = Self.files["i8"]!
        bytes[bytes.count - 8] = 1  // 2²⁴ + 1
        let error = #expect(throws: FormatError.self) { try NPY.decode(bytes, file: "labels.npy") }
        #expect(
            error?.description
                == "labels.npy: element 2: 16777217 found, an integer that Float32 holds exactly expected")
    }

    @Test("Cut off at any byte, or one byte longer, every file is refused")
    func truncated() {
        for file in Self.files.values {
            for count in 0..<file.count {
                #expect(throws: FormatError.self) { try NPY.decode(file.prefix(count), file: "f") }
            }
            #expect(throws: FormatError.self) { try NPY.decode(file + [0], file: "f") }
        }
    }

    @Test("With any byte changed, a file is read or refused: no crash, no more elements than it has bytes")
    func corrupted() {
        for file in Self.files.values {
            for index in file.indices {
                for mask: UInt8 in [0x01, 0x02, 0x04, 0x10, 0x80, 0xFF] {
                    var bytes = file
                    bytes[index] ^= mask
                    do {
                        let tensor = try NPY.decode(bytes, file: "f")
                        #expect(tensor.count <= bytes.count)
                    } catch { #expect(!error.description.isEmpty) }
                }
            }
        }
    }
}

import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

/// Archives put together by the letter of POSIX.
enum Tar {
    /// A member with its description, by default of a file in the form ustar.
    static func member(
        _ name: String, _ content: [UInt8], type: Character = "0", size: String? = nil, prefix: String = "",
        magic: String = "ustar\0" + "00", edit: (inout [UInt8]) -> Void = { _ in }
    ) -> [UInt8] {
        func octal(_ value: Int, _ width: Int) -> String {
            let digits = String(value, radix: 8)
            return String(repeating: "0", count: width - 1 - digits.count) + digits + "\0"
        }
        func field(_ text: String, _ width: Int) -> [UInt8] {
            Array((Array(text.utf8) + [UInt8](repeating: 0, count: width)).prefix(width))
        }
        var header = field(name, 100) + field("0000644\0", 8) + field("0000000\0", 8) + field("0000000\0", 8)
        header += field(size ?? octal(content.count, 12), 12) + field("00000000000\0", 12)
        header += field("        ", 8) + [type.asciiValue ?? 0]
        header += field("", 100) + field(magic, 8) + field("", 64) + field("", 16) + field(prefix, 155) + field("", 12)
        edit(&header)
        header.replaceSubrange(148..<156, with: field(octal(header.reduce(0) { $0 + Int($1) }, 7) + " ", 8))
        return header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    static let end = [UInt8](repeating: 0, count: 1024)

    /// The bytes of an extended header's record.
    static func record(_ key: String, _ value: String) -> String {
        let rest = " \(key)=\(value)\n".utf8.count
        let length = (1...).first { $0 == rest + "\($0)".count } ?? 0
        return "\(length) \(key)=\(value)\n"
    }

    /// The names and contents of an archive's members.
    static func members(_ bytes: [UInt8]) throws -> [(name: String, content: [UInt8], type: TarArchive.Kind)] {
        try withTemporaryFolder { folder in
            var archive = try TarArchive(FilePath(folder.file("f.tar", bytes)))
            var found: [(String, [UInt8], TarArchive.Kind)] = []
            while let member = try archive.next() {
                found.append(
                    (String(decoding: member.name, as: UTF8.self), Array(bytes[member.content]), member.type))
            }
            return found
        }
    }
}

@Suite("Tar archives")
struct TarTests {
    @Test("names of every form: short, with a prefix, GNU's long ones, pax'; sizes in octal, base 256 and pax")
    func names() throws {
        let long = String(repeating: "directory/", count: 30) + "é.png"
        let longName = Tar.member("././@LongLink", Array(long.utf8) + [0], type: "L")
        let pax = Tar.record("path", long) + Tar.record("mtime", "1.5") + Tar.record("size", "3")
        let bytes =
            Tar.member("a.png", [1, 2, 3]) + Tar.member("dir", [], type: "5")
            + Tar.member("b.png", [4], prefix: "some/where") + longName + Tar.member("short", [5, 6])
            + Tar.member("PaxHeaders/x", Array(pax.utf8), type: "x") + Tar.member("short", [7, 8, 9], size: "")
            + Tar.member("g", Array(Tar.record("comment", "all").utf8), type: "g")
            + Tar.member("c.cls", [], type: "\0")
            + Tar.member("d", [9], size: "\0") { header in
                header.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0, count: 10) + [1])
            }
            + Tar.member("link", [], type: "2")
            // GNU's magic: what follows is no prefix.
            + Tar.member("e", [], prefix: "13370000000", magic: "ustar  \0") + Tar.end
        let found = try Tar.members(bytes)
        #expect(
            found.map(\.name) == ["a.png", "dir", "some/where/b.png", long, long, "c.cls", "d", "link", "e"])
        #expect(found.map(\.content) == [[1, 2, 3], [], [4], [5, 6], [7, 8, 9], [], [9], [], []])
        #expect(found.map(\.type)[1] == .folder && found.map(\.type)[7] == .other("a link"))
    }

    @Test("what GNU tar writes in its three formats", arguments: ["ustar", "gnu", "pax"])
    func program(format: String) throws {
        try withTemporaryFolder { folder in
            let deep = String(repeating: "folder-of-a-long-name/", count: 6)
            try FileManager.default.createDirectory(
                at: folder.appending(path: deep), withIntermediateDirectories: true)
            let contents: [String: [UInt8]] = [
                "a.jpg": [], deep + "b.jpg": Array(0..<200), "c.cls": [UInt8](repeating: 7, count: 512),
                (format == "ustar" ? "d" : String(repeating: "n", count: 180)) + ".png": [1],
            ]
            for (name, bytes) in contents { try folder.file(name, bytes) }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments =
                ["tar", "--format=\(format)", "-C", folder.path, "-cf", folder.appending(path: "x.tar").path]
                + contents.keys.sorted()
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
            let found = try Tar.members([UInt8](Data(contentsOf: folder.appending(path: "x.tar"))))
            #expect(found.map(\.name) == contents.keys.sorted())
            for member in found { #expect(contents[member.name] == member.content) }
        }
    }

    @Test("damage is refused with its byte: checksums, sizes, records, an end that is missing or has more behind it")
    func refusals() throws {
        let (one, two) = (Tar.member("a.png", [1, 2, 3]), Tar.member("b.cls", [UInt8](repeating: 1, count: 600)))
        func refusal(_ bytes: [UInt8]) -> String? {
            let error = #expect(throws: FormatError.self) { try Tar.members(bytes) }
            return error.map { "\($0.place): \($0.found)" }
        }
        var damaged = one + two + Tar.end
        damaged[1024] = 0x41
        #expect(refusal(damaged)?.hasPrefix("at byte 1024: a damaged header (checksum ") == true)
        let end = "the file is cut short, within a member's description or the archive's end"
        #expect(refusal(one + two) == "at byte 2560: \(end)")
        #expect(
            refusal(one + two.dropLast(600)) == "at byte 1024: the file is cut short, 424 bytes into a member of 600")
        #expect(refusal(Array(one.prefix(300))) == "at byte 0: \(end)")
        #expect(refusal([]) == ": an empty file")
        #expect(refusal(one + Tar.end + two)?.hasPrefix("at byte 2048: more behind the archive's end") == true)
        for size in ["-0000000001\0", "0000000009x\0", "9\0", "77777777777777"] {
            #expect(refusal(Tar.member("a", [1], size: size) + Tar.end) != nil, "\(size)")
        }
        for first in [UInt8(0xFF), 0x81, 0x80] {
            let huge = Tar.member("a", [1]) { header in
                header.replaceSubrange(124..<136, with: [first] + [UInt8](repeating: 0xFF, count: 11))
            }
            #expect(refusal(huge + Tar.end) != nil)
        }
        for record in ["5 path=x\n", "999 path=x\n", "path=x\n", "4 \n\n", "-3 a=b\n", "11 path=x", "0 a=b\n"] {
            let member = Tar.member("x", Array(record.utf8), type: "x")
            #expect(refusal(member + one + Tar.end)?.hasPrefix("at byte 512: '") == true, "\(record)")
        }
        let size = Tar.member("x", Array(Tar.record("size", "99999999999999999999").utf8), type: "x")
        #expect(refusal(size + one + Tar.end) == "at byte 512: size '99999999999999999999'")
        let sparse = Tar.member("x", Array(Tar.record("GNU.sparse.major", "1").utf8), type: "x")
        #expect(refusal(sparse + one + Tar.end)?.contains("with holes") == true)
        let long = Tar.member("L", [UInt8](repeating: 65, count: 70_000), type: "L")
        #expect(refusal(long + one + Tar.end)?.contains("70000 bytes of a name") == true)
    }
}

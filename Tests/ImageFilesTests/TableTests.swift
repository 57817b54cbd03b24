import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing

@testable import ImageFiles

@Suite("A table of files and classes")
struct TableTests {
    static let size = ImageSize(height: 2, width: 2, channels: 1)

    /// A folder with the classes "ant" and "bee", and its table.
    static func withTable<R>(_ text: String, _ body: (URL) throws -> R) throws -> R {
        try withTemporaryFolder { folder in
            try writeGreyImages(["ant", "bee", "loose"], 10, to: folder)
            try folder.file("labels.csv", Array(text.utf8))
            return try body(folder)
        }
    }

    @Test(
        "records by RFC 4180: quotes, doubled ones, commas and line ends within, spaces around, empty lines, all ends")
    func records() throws {
        let text = "a,b\r\n\"x, \"\"y\"\"\" , z \r\n\r\n\"two\nlines\",\r last,\n"
        let records = try CSVRecords.records(of: TextFile.decoded(Array(text.utf8), file: "f"), file: "f")
        #expect(records.map(\.fields) == [["a", "b"], ["x, \"y\"", "z"], ["two\nlines", ""], ["last", ""]])
        #expect(records.map(\.line) == [1, 2, 4, 6])
        #expect(try CSVRecords.records(of: "a,b", file: "f").map(\.fields) == [["a", "b"]])
        #expect(try CSVRecords.records(of: "\n \n", file: "f").isEmpty)
        for (text, found) in [
            ("a\nb,\"c", "f: line 2: a quote that nothing closes"), ("\"a\"b,c", "f: line 1: 'b,c' behind a field"),
        ] {
            let error = #expect(throws: FormatError.self) { try CSVRecords.records(of: text, file: "f") }
            #expect(error?.description.hasPrefix(found) == true)
        }
    }

    @Test("a table of a class folder's files gives what the folder gives: order, ids, what is held out, groups")
    func sameAsFolders() throws {
        let rows = (0..<10).reversed().map { "bee/\($0).png,bee\nant/\($0).png,ant" }.joined(separator: "\n")
        try Self.withTable("\(rows)\n") { folder in
            for table in [folder, folder.appending(path: "labels.csv")] {
                let found = try DividedData(folder: table, size: Self.size)
                try withTemporaryFolder { other in
                    try writeGreyImages(["ant", "bee"], 10, to: other)
                    let expected = try DividedData(folder: other, size: Self.size)
                    #expect(found.train.classNames == ["ant", "bee"])
                    for (one, two) in [(found.train, expected.train), (found.test, expected.test)] {
                        #expect(one.identities == two.identities && one.sampleIDs == two.sampleIDs)
                        #expect(one.labels == two.labels)
                        let places = Array(0..<one.count)[...]
                        #expect(try one.images(at: places).pixels == two.images(at: places).pixels)
                    }
                }
            }
        }
    }

    @Test("with a first line that names columns in any order and case, quoted names, files in one folder, other forms")
    func header() throws {
        let text = "id,Label,FileName\n1,\"b, c\",loose/0.png\n2,a,./loose//1.png\n3,a,loose/2.png\n"
        try Self.withTable(text) { folder in
            let files = try ImagePlaceTests.files(folder)
            #expect(files.classNames == ["a", "b, c"] && files.labels == [0, 0, 1])
            #expect(files.keys.map { String(decoding: $0, as: UTF8.self) }.last == "loose/0.png")
            // Composed in the table, apart on the disk.
            let name = Array("cafe\u{301}.png".utf8)
            let status = FilePath(folder).appending(name).withCString { path in
                FilePath(folder.appending(path: "ant/0.png")).withCString { link($0, path) }
            }
            #expect(status == 0)
            try folder.file("labels.csv", Array("caf\u{E9}.png,x\nloose/1.png,y\n".utf8))
            #expect(try ImagePlaceTests.files(folder).labels == [0, 1])
        }
    }

    @Test("what a table may not say is refused with its line; missing files and labels are left out on request")
    func refusals() throws {
        for (text, found) in [
            ("", "labels.csv: no line found"), ("file,label\n", "labels.csv: a first line alone found"),
            ("ant/0.png\n", "labels.csv: line 1: 1 column found, 2 divided by a comma"),
            ("ant/0.png,a,b\n", "labels.csv: line 1: 3 columns found"),
            ("file,label\nant/0.png,a,b\n", "labels.csv: line 2: 3 columns found, 2, as in the first line expected"),
            ("ant/0.png,a\n../x/0.png,b\n", "labels.csv: line 2: the path '../x/0.png' found, a path within"),
            ("ant/0.png,a\n/etc/passwd,b\n", "labels.csv: line 2: the path '/etc/passwd' found"),
            ("ant/0.png,a\nant/./0.png,b\n", "labels.csv: line 2: 'ant/./0.png' as in line 1 found, each file once"),
            ("ant/0.png,a\nant/none.png,b\n", "labels.csv: line 2: there is no file ant/none.png in"),
            ("ant/0.png,a\nant,b\n", "labels.csv: line 2: there is no file ant in"),
            ("ant/0.png,a\nant/1.png,\n", "labels.csv: line 2: no label of 'ant/1.png' found"),
        ] {
            try Self.withTable(text) { folder in
                let table = folder.appending(path: "labels.csv")
                let error = #expect(throws: FormatError.self) { try DividedData(folder: table, size: Self.size) }
                #expect(error?.description.contains(found) == true, "\(String(describing: error))")
            }
        }
        let rows = (0..<10).map { "ant/\($0).png,a\nbee/\($0).png,b" }.joined(separator: "\n")
        try Self.withTable(rows + "\nant/none.png,b\nloose/1.png,\n") { folder in
            let data = try DividedData(folder: folder, size: Self.size, skippingBad: true)
            #expect(data.notes.leftOut?.summary == "2 files left out (1 of 11 in b)")
            let lines = data.notes.leftOut?.files.map { $0.reason.prefix(33) } ?? []
            #expect(lines == ["line 21: there is no file ant/non", "line 22: no label of 'loose/1.png"])
            #expect(data.train.count + data.validation.count + data.test.count == 20)
        }
    }

    @Test("columns that are neither file nor label, and folders of which a table names no file, are told of")
    func remarks() throws {
        let rows = (0..<10).map { "ant/\($0).png,a,1\nbee/\($0).png,b,2" }.joined(separator: "\n")
        try Self.withTable("file,label,split\n" + rows) { folder in
            let lines = try DividedData(folder: folder, size: Self.size).notes.remarks
            #expect(
                lines.map { $0.replacing("\(folder.path)/", with: "") } == [
                    "labels.csv: column split not read: neither file nor label",
                    "labels.csv is read; of loose beside it it names no file",
                ])
        }
    }

    @Test("a table whose first file is not there leaves class folders what they are")
    func otherTable() throws {
        try Self.withTable("ClassId,Name\n0,speed limit\n") { folder in
            let names = try DividedData(folder: folder, size: Self.size).train.classNames
            #expect(names == ["ant", "bee", "loose"])
        }
    }
}

import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Deploy

@Suite("A teacher's classes and those of the data")
struct ClassMapTests {
    private static func fault(_ work: () throws -> Void) -> String {
        "\(#expect(throws: FormatError.self) { try work() }.map { "\($0)" } ?? "")"
    }

    @Test("Several of the teacher's classes may mean one, others none; what is unknown or not meant is named")
    func map() throws {
        let teacher = ["tabby", "tiger cat", "beagle", "teapot"]
        let map = ClassMap(["tabby": "cat", "tiger cat": "cat", "beagle": "dog"], file: "m.json")
        #expect(try map.outputs(meaning: ["dog", "cat"], among: teacher) == [[2], [0, 1]])
        let unknown = Self.fault { _ = try map.outputs(meaning: ["dog", "cat"], among: ["tabby", "beagle"]) }
        #expect(unknown == "m.json: class 'tiger cat' found, one of the teacher's 2 classes (tabby, beagle) expected")
        let foreign = Self.fault { _ = try map.outputs(meaning: ["dog", "bird"], among: teacher) }
        #expect(foreign == "m.json: class 'cat' found, one of the data's 2 classes (dog, bird) expected")
        let missing = Self.fault { _ = try map.outputs(meaning: ["dog", "cat", "bird"], among: teacher) }
        #expect(missing.hasPrefix("m.json: no class of the teacher that means 'bird' found"))
    }

    @Test("A file that holds no object of texts is refused with an example")
    func files() throws {
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "m.json")
            try Data(#"{"0": "cat"}"#.utf8).write(to: url)
            #expect(try ClassMap(url).meanings == ["0": "cat"])
            for text in ["", "[]", "{}", #"{"a": 1}"#, "a,b\n"] {
                try Data(text.utf8).write(to: url)
                #expect(Self.fault { _ = try ClassMap(url) }.contains(#"such as {"tabby": "cat"}"#), "\(text)")
            }
        }
    }
}

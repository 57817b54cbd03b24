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
            for (text, found) in [
                ("", "text that is no JSON"), ("[]", "a value that is no object"), ("{}", "an empty object"),
                (#"{"b": "x", "a": 1}"#, "'a': a value that is no text"), (#"{"a": null}"#, "'a': a value that is no"),
                ("a,b\n", "text that is no JSON"), (#"{"a": "b""#, "text that is no JSON"),
            ] {
                try Data(text.utf8).write(to: url)
                let fault = Self.fault { _ = try ClassMap(url) }
                #expect(fault.contains(": \(found)") && fault.contains(#"such as {"tabby": "cat"}"#), "\(fault)")
            }
            // Of texts with quotes, colons and the like no key is mistaken.
            try Data(#"{"a\"": ":", ":": ",", ",": "a"}"#.utf8).write(to: url)
            #expect(try ClassMap(url).meanings.count == 3)
            try Data(#"{"1": "cat", "0": "dog", "1" : "cat"}"#.utf8).write(to: url)
            #expect(Self.fault { _ = try ClassMap(url) }.hasSuffix("m.json: '1' comes twice; leave one of them out"))
        }
    }
}

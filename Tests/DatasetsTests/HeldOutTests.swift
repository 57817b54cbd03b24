import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Datasets

@Suite("Held out by identity")
struct HeldOutTests {
    /// A set of images of the files 0.png, 1.png, … of each class, but for those left out.
    static func set(_ counts: [String: Int], without: Set<String> = [], and more: [String] = []) -> ImageSet {
        let names = counts.keys.sorted()
        let files = names.enumerated().flatMap { label, name in
            ((0..<(counts[name] ?? 0)).map { "\(name)/\($0).png" }.filter { !without.contains($0) }
                + more.filter { $0.hasPrefix(name + "/") }).sorted().map { (file: $0, label: label) }
        }
        return ImageSet(
            pixels: files.map { UInt8(truncatingIfNeeded: $0.file.utf8.reduce(0) { $0 &* 31 &+ Int($1) }) }, height: 1,
            width: 1, channels: 1, labels: files.map(\.label), classNames: names,
            identities: files.map { entry in
                let parts = entry.file.split(separator: "/")
                return ImageIndex.identity(ofClass: String(parts[0]), file: Array(parts[1].utf8))
            })
    }

    struct Division: Equatable {
        var train: Set<UInt64>, validation: Set<UInt64>, test: Set<UInt64>

        init(_ set: ImageSet, _ rule: HeldOut = .byName) throws {
            let (rest, test) = set.holdingOutForTest(rule)
            let data = try DividedData(name: "files", train: rest, test: test, heldOut: rule)
            func ids(_ set: any ImageSource) -> Set<UInt64> { Set(set.identities ?? []) }
            (train, validation, self.test) = (ids(data.train), ids(data.validation), ids(data.test))
        }

        /// How many of this division's images are in another part of the other one.
        func moved(to other: Division) -> Int {
            let parts = [(train, other.train), (validation, other.validation), (test, other.test)]
            let all = other.train.union(other.validation).union(other.test)
            return parts.reduce(0) { $0 + $1.0.intersection(all).subtracting($1.1).count }
        }
    }

    static let whole = ["cat": 60, "dog": 90, "emu": 45]

    @Test(
        "a file added, removed or renamed, and a class in front, move no other image (places would redraw all)",
        arguments: [
            set(whole, and: ["cat/aaa.png"]), set(whole, and: ["cat/zzz.png", "dog/5a.png", "emu/x.png"]),
            set(whole, without: ["dog/7.png"]), set(whole, without: ["cat/0.png", "cat/1.png", "emu/44.png"]),
            set(whole, without: ["emu/3.png"], and: ["emu/renamed.png"]), set(whole.merging(["ant": 30]) { $1 }),
            set(["cat": 60, "emu": 45]),
        ])
    func nothingElseMoves(changed: ImageSet) throws {
        let before = try Division(Self.set(Self.whole))
        #expect(before.moved(to: try Division(changed)) == 0)
        // About a fifth and a tenth of the rest; these numbers are those of the names.
        #expect(before.test.count > 25 && before.test.count < 55)
        #expect(before.validation.count > 7 && before.validation.count < 26)
    }

    @Test("labels of a seed: an image that comes or goes changes at most one of those chosen in its class")
    func labels() throws {
        func chosen(_ set: ImageSet, _ seed: UInt64) throws -> Set<UInt64> {
            Set(try set.split(labelled: 31, seed: seed).labelled.identities ?? [])
        }
        let before = try chosen(Self.set(Self.whole), 3)
        for changed in [
            Self.set(Self.whole, and: ["cat/aaa.png"]), Self.set(Self.whole, without: ["dog/7.png"]),
            Self.set(Self.whole, without: ["emu/0.png"]),
        ] { #expect(before.subtracting(try chosen(changed, 3)).count <= 1) }
        #expect(before.subtracting(try chosen(Self.set(Self.whole), 4)).count > 10)
        // A class in front does not redraw the others.
        let more = Self.set(Self.whole.merging(["ant": 30]) { $1 })
        let split = try more.split(labelled: 40, seed: 3).labelled
        let least = try Self.set(Self.whole).split(labelled: 30, seed: 3).labelled
        #expect(Set(least.identities ?? []).isSubset(of: split.identities ?? []))
    }

    @Test("small classes: one image trains; two train and validate; of three one is tested; none is in two parts")
    func smallClasses() throws {
        // Forty classes of each size, so that every way in which draws can fall occurs.
        var counts = ["large": 50]
        for size in 1...4 { for number in 0..<40 { counts["c\(size)-\(number)"] = size } }
        let set = Self.set(counts)
        let (rest, test) = set.holdingOutForTest(.byName)
        let data = try DividedData(name: "small", train: rest, test: test)
        let sizes = [data.train, data.validation, data.test].map { $0.placesByClass.map(\.count) }
        for (label, name) in set.classNames.enumerated() {
            let own = sizes.map { $0[label] }
            #expect(own.reduce(0, +) == counts[name])
            switch counts[name] {
            case 1: #expect(own == [1, 0, 0])
            case 2: #expect(own == [1, 1, 0])
            default: #expect(own.allSatisfy { $0 > 0 }, "\(name): \(own)")
            }
        }
    }

    @Test("sets without files keep their validation images, and small classes of them have one too")
    func places() throws {
        let images = TinyTask.images(60)
        let data = try DividedData(name: "tiny", train: images, test: images)
        #expect(data.validation.sampleIDs == images.holdingOut(6, seed: 0).held.sampleIDs && data.heldOut == nil)
        let few = try DividedData(name: "few", train: TinyTask.images(8), test: images)
        #expect(few.validation.placesByClass.map(\.count) == [1, 1, 1])
        let earlier = try DividedData(name: "few", train: TinyTask.images(8), test: images, heldOut: .byPlace)
        // What the error asks for is what would help: two images, or ten by the earlier rule.
        let single = try DividedData(name: "single", train: TinyTask.images(3), test: images)
        for (data, need) in [
            (single, "a class needs 2 training images or more"),
            (earlier, "of each class a tenth of the training images, rounded down, is taken, as earlier versions did"),
        ] {
            let error = #expect(throws: ConfigurationError.self) { try data.checkValidation(for: "--scan") }
            #expect(error?.problem == "no image is held out for validation: \(need)")
        }
        #expect(earlier.validation.count == 0)
    }

    @Test("the earlier rule gives the split of earlier versions to sets with names, also for labels")
    func earlierRule() throws {
        let named = Self.set(Self.whole)
        let bare = named.withoutIdentities()
        let (rest, test) = named.holdingOutForTest(.byPlace)
        let data = try DividedData(name: "old", train: rest, test: test, heldOut: .byPlace)
        let expected = bare.holdingOut(named.count / 5, seed: 0)
        #expect(data.test.sampleIDs == expected.held.sampleIDs && data.heldOut == .byPlace)
        let old = expected.rest.holdingOut(expected.rest.count / 10, seed: 0)
        #expect(data.validation.sampleIDs == old.held.sampleIDs && data.train.sampleIDs == old.rest.sampleIDs)
        #expect(
            try data.train.split(labelled: 20, seed: 5).labelled.sampleIDs
                == old.rest.split(labelled: 20, seed: 5).labelled.sampleIDs)
    }

    @Test("an identity is the published hash of the names, so that it is the same on every machine")
    func identity() {
        // FNV-1a of 64 bits: of nothing, and of "a" (RFC 9923's test vectors).
        #expect(ImageIndex.identity([]) == 0xCBF2_9CE4_8422_2325)
        #expect(ImageIndex.identity(Array("a".utf8)) == 0xAF63_DC4C_8601_EC8C)
        #expect(
            ImageIndex.identity(ofClass: "ab", file: Array("c".utf8))
                != ImageIndex.identity(ofClass: "a", file: Array("bc".utf8)))
    }

    @Test("classes in another order: labels follow their names, and other names are refused")
    func classOrder() throws {
        let set = Self.set(["cat": 2, "dog": 3])
        let turned = try #require(set.withClasses(inOrderOf: ["dog", "cat"]))
        #expect(
            turned.labels == [1, 1, 0, 0, 0] && turned.classNames == ["dog", "cat"] && turned.pixels == set.pixels)
        for names in [["dog"], ["dog", "dog"], ["dog", "emu"], ["cat", "dog", "emu"]] {
            #expect(set.withClasses(inOrderOf: names) == nil)
        }
    }

    @Test("a class that nobody tests is told of")
    func untested() throws {
        let data = try DividedData(name: "tiny", train: TinyTask.images(30), test: TinyTask.images(2))
        #expect(data.notes.remarks == ["tiny: 2 of 3 classes are tested, c has no test image"])
        #expect(try DividedData(name: "tiny", train: TinyTask.images(30), test: TinyTask.images(3)).notes.lines.isEmpty)
    }

    @Test("groups go to one part together, a tenth and a fifth of them, and do not move when others come")
    func groups() throws {
        // 60 groups of 1 to 7 images in two classes, each group in both.
        func images(_ groups: Range<Int>) -> ImageSet {
            let members = groups.flatMap { group in (0...group % 7).map { (group: group, label: $0 % 2) } }
            return ImageSet(
                pixels: members.map { UInt8($0.group) }, height: 1, width: 1, channels: 1, labels: members.map(\.label),
                classNames: ["a", "b"], identities: members.map { ImageIndex.identity(Array("\($0.group)".utf8)) })
        }
        func parts(_ groups: Range<Int>) throws -> [Set<UInt8>] {
            let (rest, test) = images(groups).holdingOutForTest(.byGroup(pattern: "x"))
            let data = try DividedData(name: "g", train: rest, test: test, heldOut: .byGroup(pattern: "x"))
            return try [data.train, data.validation, data.test].map { Set(try $0.loaded().pixels) }
        }
        let whole = try parts(0..<200)
        #expect(whole.reduce(0) { $0 + $1.count } == 200, "a group is in two parts")
        #expect((8...32).contains(whole[1].count) && (24...56).contains(whole[2].count))
        let fewer = try parts(50..<150)
        for (part, all) in zip(fewer, whole) { #expect(part == all.filter { (50..<150).contains($0) }) }
    }

    @Test("the rule is a text in a file, as before, with the pattern of groups")
    func coding() throws {
        for (rule, text) in [
            (HeldOut.byName, "[\"name\"]"), (.byPlace, "[\"place\"]"),
            (.byGroup(pattern: "^(a+) b"), "[\"group ^(a+) b\"]"),
        ] {
            #expect(String(decoding: try JSONEncoder().encode([rule]), as: UTF8.self) == text)
            #expect(try JSONDecoder().decode([HeldOut].self, from: Data(text.utf8)) == [rule])
        }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([HeldOut].self, from: Data("[\"x\"]".utf8)) }
    }
}

import TensorCore
import TestSupport
import Testing

@testable import Datasets

@Suite("Splits and subsets")
struct SplitTests {
    /// Three classes of 20 images, in turn.
    static let set = numbered((0..<60).map { $0 % 3 }, classes: 3)

    @Test("each part has as many images of every class; together they are the whole, once")
    func balanced() throws {
        let split = try Self.set.split(labelledPerClass: 4, validationPerClass: 5, seed: 1)
        #expect(split.labelled.placesByClass.map(\.count) == [4, 4, 4])
        #expect(split.validation.placesByClass.map(\.count) == [5, 5, 5])
        #expect(split.unlabelled.count == 33 && split.unlabelled.labels.allSatisfy { $0 == nil })
        let ids = [split.labelled, split.validation, split.unlabelled].flatMap(\.sampleIDs)
        #expect(ids.sorted() == Array(100..<160))
        for part in [split.labelled, split.validation, split.unlabelled] {
            #expect(part.sampleIDs == part.sampleIDs.sorted())
            // An image stays with its id: image i begins with pixel 2 · i.
            #expect(part.sampleIDs.indices.allSatisfy { part.pixels[2 * $0] == UInt8(2 * (part.sampleIDs[$0] - 100)) })
        }
    }

    @Test("one seed: the same validation set for any number of labels, and a smaller labelled set within a larger")
    func nested() throws {
        let splits = try [3, 4, 10, 30].map { try Self.set.split(labelled: $0, validation: 7, seed: 2) }
        #expect(Set(splits.map(\.validation.sampleIDs)).count == 1)
        for (small, large) in zip(splits, splits.dropFirst()) {
            #expect(Set(small.labelled.sampleIDs).isSubset(of: large.labelled.sampleIDs))
        }
        #expect(splits.map(\.labelled.count) == [3, 4, 10, 30])
        #expect(splits[2].labelled.placesByClass.map(\.count).sorted() == [3, 3, 4])
    }

    @Test("labels by the classes' shares: by hand, at least one each, never more than there are, and nested")
    func shares() throws {
        // 30, 20 and 10 images.
        let set = numbered((0..<60).map { $0 % 6 < 3 ? 0 : $0 % 6 < 5 ? 1 : 2 }, classes: 3)
        for (count, expected) in [(6, [3, 2, 1]), (12, [6, 4, 2]), (3, [1, 1, 1]), (60, [30, 20, 10])] {
            let counts = try set.split(labelled: count, seed: 1, by: .shares).labelled.placesByClass.map(\.count)
            #expect(counts == expected, "\(count)")
        }
        let splits = try (3...60).map { try set.split(labelled: $0, seed: 2, by: .shares).labelled.sampleIDs }
        for (small, large) in zip(splits, splits.dropFirst()) { #expect(Set(small).isSubset(of: large)) }
        // One image of a class among many: it gets its one.
        let rare = numbered([0] + [Int](repeating: 1, count: 50), classes: 2)
        #expect(try rare.split(labelled: 20, seed: 1, by: .shares).labelled.placesByClass.map(\.count) == [1, 19])
        #expect(throws: FormatError.self) { try rare.split(labelled: 20, seed: 1) }
        #expect(throws: FormatError.self) { try rare.split(labelled: 52, seed: 1, by: .shares) }
        let absent = numbered([0, 2, 0], classes: 3)
        #expect(throws: FormatError.self) { try absent.split(labelled: 3, seed: 1, by: .shares) }
        // What is held out for validation is no label's.
        let split = try set.split(labelled: 27, validation: 15, seed: 1, by: .shares)
        #expect(split.validation.placesByClass.map(\.count) == [5, 5, 5] && split.labelled.count == 27)
    }

    @Test("holding out keeps unequal classes' shares, and every image once with its label")
    func holdingOut() throws {
        // 30, 20 and 10 images; a sixth of them is 5, 3.3 and 1.7.
        let set = numbered((0..<60).map { $0 % 6 < 3 ? 0 : $0 % 6 < 5 ? 1 : 2 }, classes: 3)
        let (rest, held) = set.holdingOut(10, seed: 4)
        #expect(held.placesByClass.map(\.count) == [5, 3, 1] && rest.placesByClass.map(\.count) == [25, 17, 9])
        #expect((rest.sampleIDs + held.sampleIDs).sorted() == set.sampleIDs)
        #expect(held.sampleIDs != set.holdingOut(10, seed: 5).held.sampleIDs)
        #expect(set.holdingOut(60, seed: 4).rest.count == 0 && set.holdingOut(0, seed: 4).held.count == 0)
    }

    @Test("the seed decides, and nothing else")
    func seeds() throws {
        let again = try (0..<2).map { _ in try Self.set.split(labelled: 9, seed: 3).labelled.sampleIDs }
        #expect(again[0] == again[1])
        #expect(try Self.set.split(labelled: 9, seed: 4).labelled.sampleIDs != again[0])
    }

    @Test("too few images of a class, an absent class and fewer labels than classes are refused by name")
    func refusals() throws {
        let error = #expect(throws: FormatError.self) { try Self.set.split(labelled: 57, validation: 6, seed: 1) }
        #expect(error?.description.contains("20 images found, 19 with labels and 2 for validation expected") == true)
        #expect(throws: FormatError.self) { try Self.set.split(labelled: 2, seed: 1) }
        #expect(throws: FormatError.self) { try Self.set.split(labelled: 3, validation: -1, seed: 1) }
        let absent = numbered([0, 2, 0, nil], classes: 3)
        let missing = #expect(throws: FormatError.self) { try absent.split(labelled: 3, seed: 1) }
        #expect(missing?.description == "labels: class c1: 0 images found, 1 with labels expected")
        #expect(throws: FormatError.self) { try absent.checkEveryClassOccurs(in: "train") }
        #expect(throws: Never.self) { try Self.set.checkEveryClassOccurs(in: "train") }
    }

    @Test(
        "a subset has the images of its places in their order, repeated if asked for; joining puts sets one after another"
    )
    func gathering() {
        let set = numbered([0, 1, nil], height: 2, width: 1, channels: 3, classes: 2)
        let some = set.subset([2, 0, 2])
        #expect(some.pixels == Array(12..<18) + Array(0..<6) + Array(12..<18))
        #expect(some.labels == [nil, 0, nil] && some.sampleIDs == [102, 100, 102])
        #expect(set.subset([]).count == 0)
        let both = RaggedImages.joined([set.images(at: [1]), some.images(at: [1, 0])])
        #expect(both.pixels == Array(6..<12) + Array(0..<6) + Array(12..<18) && both.sampleIDs == [101, 100, 102])
        let bare = set.withoutLabels()
        #expect(bare.labels == [nil, nil, nil] && bare.pixels == set.pixels && bare.sampleIDs == set.sampleIDs)
        #expect(bare.classNames == set.classNames && set.placesByClass == [[0], [1]])
    }

    @Test("places that do not exist and sets of another kind stop the program with both sizes")
    func misuse() async {
        await #expect(processExitsWith: .failure) { _ = numbered([0, 0], classes: 1).subset([2]) }
        await #expect(processExitsWith: .failure) {
            let other = numbered([0], width: 3, classes: 1)
            _ = RaggedImages.joined([RaggedImages(numbered([0], classes: 1)), RaggedImages(other)])
        }
        await #expect(processExitsWith: .failure) { _ = numbered([1], classes: 1) }
    }
}

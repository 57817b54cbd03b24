import Datasets
import TensorCore
import TestSupport
import Testing

@Suite struct DividedDataTests {
    @Test("What is held out depends on the data alone, is a tenth, and is nowhere else")
    func heldOut() throws {
        let data = try DividedData(
            name: "tiny", train: TinyTask.images(60), test: TinyTask.images(9, seed: 2, firstID: 60))
        #expect(data.validation.count == 6 && data.train.count == 54 && data.test.count == 9)
        #expect(data.validation.placesByClass.map(\.count) == [2, 2, 2])
        #expect(Set(data.train.sampleIDs).isDisjoint(with: data.validation.sampleIDs))
        let again = try DividedData(name: "again", train: TinyTask.images(60), test: TinyTask.images(3))
        #expect(again.validation.sampleIDs == data.validation.sampleIDs)
        let none = TinyTask.images(3).subset([])
        #expect(throws: FormatError.self) { _ = try DividedData(name: "none", train: TinyTask.images(3), test: none) }
    }

    @Test("As many labels stay as asked for, of each class alike; all of them where no number is given")
    func partlyLabelled() throws {
        let data = try DividedData(name: "tiny", train: TinyTask.images(60), test: TinyTask.images(9))
        let few = try PartlyLabelledData(data, labels: 6, seed: 1)
        #expect(few.labelled.placesByClass.map(\.count) == [2, 2, 2] && few.labelled.count == 6)
        #expect(few.unlabelled.count == 48 && few.unlabelled.labels.allSatisfy { $0 == nil })
        #expect(try few.train.count == 54 && few.normalization == .of(data.train))
        let all = try PartlyLabelledData(data, labels: nil, seed: 1)
        #expect(all.labelled.sampleIDs == data.train.sampleIDs && all.unlabelled.count == 0)
    }

    @Test("Images spread evenly: none twice, the first one among them, all where more are asked for than there are")
    func evenly() {
        let images = TinyTask.images(10)
        #expect(images.subset(evenly: 4).sampleIDs == [0, 2, 5, 7])
        #expect(images.subset(evenly: 11).sampleIDs == images.sampleIDs && images.subset(evenly: 0).count == 0)
        let inputs = TinyTask.images(250).calibrationInputs(
            230, normalization: Normalization(mean: [0], deviation: [1]))
        #expect(inputs.map { $0.shape[0] } == [100, 100, 30])
    }
}

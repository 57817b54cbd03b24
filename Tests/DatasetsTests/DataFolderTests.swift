import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Datasets

@Suite("Data sets in their original files", .enabled(if: realData != nil, "RETORT_DATA is not set"))
struct RealDataTests {
    @Test("MNIST is found in a subfolder by its names; counts and class sizes are the published ones")
    func mnist() throws {
        let data = try DataFolder.read(try #require(realData).appending(path: "mnist"))
        #expect(data.name == "MNIST")
        #expect(data.train.count == 60_000 && data.test.count == 10_000)
        #expect(data.train.placesByClass[0].count == 5923 && data.test.placesByClass[1].count == 1135)
        #expect(data.train.labels.prefix(5) == [5, 0, 4, 1, 9])
    }

    @Test("CIFAR-10: 5,000 and 1,000 images a class, names from the file")
    func cifar10() throws {
        let data = try DataFolder.read(try #require(realData).appending(path: "cifar-10-batches-bin"))
        #expect(data.name == "CIFAR-10")
        #expect(data.train.placesByClass.allSatisfy { $0.count == 5000 })
        #expect(data.test.placesByClass.allSatisfy { $0.count == 1000 })
        #expect(data.classNames.first == "airplane" && data.classNames.last == "truck")
        #expect(data.test.sampleIDs.first == 50_000)
    }

    @Test("a folder with two sets is refused, and both are named")
    func ambiguous() throws {
        let folder = try #require(realData)
        let error = #expect(throws: FormatError.self) { try DataFolder.read(folder) }
        #expect(error?.found == "CIFAR-10 in cifar-10-batches-bin, MNIST in mnist")
    }
}

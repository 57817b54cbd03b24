import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("Sources that carry targets")
struct TargetedSourceTests {
    private let policy = AugmentationPolicy {
        HorizontalFlip().probability(0.5)
        Affine(rotate: -20...20, translate: 0.1)
        GaussianNoise(standardDeviation: 0.1)
    }

    private func source(_ images: ImageSet) -> TargetedSource {
        TargetedSource(images) { id, height, width in
            id == 3 ? nil : ImageTargets(boxes: [BoundingBox(left: 1, top: 1, right: 8, bottom: 9, label: id)])
        }
    }

    @Test("An epoch gives the same images and targets on one thread and on several; targets are those of their image")
    func threads() throws {
        let images = someImages(10)
        func epoch(_ threads: Int) throws -> [TargetedImages] {
            try Parallel.withThreads(threads) {
                var (batches, result): (TargetedBatches, [TargetedImages]) = (
                    source(images).batches(of: 3, steps: 5, epoch: 1, seed: 4, through: policy), []
                )
                while let batch = try batches.next() { result.append(batch) }
                return result
            }
        }
        let (one, several) = (try epoch(1), try epoch(4))
        #expect(one.count == 5 && one.map(\.images.pixels) == several.map(\.images.pixels))
        #expect(one.map(\.targets) == several.map(\.targets))
        for batch in one {
            for (place, id) in batch.images.sampleIDs.enumerated() {
                #expect(batch.targets[place].boxes.map(\.label) == (id == 3 ? [] : [id]))
            }
        }
        // Fifteen of two shuffled passes: each image once or twice.
        let counts = Dictionary(grouping: one.flatMap(\.images.sampleIDs)) { $0 }.mapValues(\.count)
        #expect(counts.count == 10 && counts.values.allSatisfy { $0 <= 2 })
    }

    @Test(
        "Subsets and other sizes: targets are asked for by sample id and in the image's own pixels; errors come through"
    )
    func reading() throws {
        let images = RaggedImages(
            someImages(4, height: 20, width: 30), readAt: ImageSize(height: 5, width: 6, channels: 1))
        let source = TargetedSource(images.subset([2, 1])) { id, height, width in
            #expect(height == 20 && width == 30)
            guard id != 1 else { throw FormatError(file: "a", found: "b", expected: "c") }
            return ImageTargets(boxes: [BoundingBox(left: 0, top: 0, right: 30, bottom: 10, label: id)])
        }
        #expect(try source.read(at: [0]).targets[0]?.boxes[0].label == 2)
        #expect(throws: FormatError.self) { try source.read(at: [1]) }
        var batches = TargetedSource(images.subset([2])) { id, _, _ in try source.read(at: [id - 2]).targets[0] }
            .batches(of: 1, epoch: 0, seed: 1, through: AugmentationPolicy {})
        #expect(try batches.next()?.targets[0].boxes == [BoundingBox(left: 0, top: 0, right: 6, bottom: 2.5, label: 2)])
        #expect(try batches.next().map(\.images.count) == nil)
    }
}

import Foundation
import TensorCore
import TestSupport
import Testing

@testable import Datasets

@Suite struct TwoViewsTests {
    private static let normalization = Normalization(mean: [0.5], deviation: [0.25])
    private static let raw = RawBatch(images: TinyTask.images(6), seed: 3, epoch: 2)

    @Test("The strong view is the batch as it would be alone; the weak one draws from another stream")
    func views() {
        let noise = TinyNoise()
        let batch = TwoViews(weak: noise, strong: noise)(Self.raw, normalization: Self.normalization)
        let alone = noise(Self.raw, normalization: Self.normalization)
        #expect(batch.inputs == alone.inputs && batch.labels == alone.labels && alone.teacherInputs == nil)
        #expect(batch.teacherInputs?.shape == batch.inputs.shape && batch.teacherInputs != batch.inputs)
        let plain = TwoViews(weak: PlainTransform(), strong: noise)(Self.raw, normalization: Self.normalization)
        #expect(plain.teacherInputs == PlainTransform()(Self.raw, normalization: Self.normalization).inputs)
    }

    @Test("Its coded form, by which a checkpoint knows its run, tells both views")
    func coding() throws {
        func text(_ views: TwoViews) throws -> String {
            String(decoding: try JSONEncoder().encode(views), as: UTF8.self)
        }
        let texts = try [
            TwoViews(weak: PlainTransform(), strong: TinyNoise()), TwoViews(weak: TinyNoise(), strong: TinyNoise()),
            TwoViews(weak: TinyNoise(deviation: 0.5), strong: TinyNoise()),
            TwoViews(weak: TinyNoise(), strong: TinyNoise(deviation: 0.5)),
        ].map(text)
        #expect(Set(texts).count == 4)
    }

    @Test("A strong view that mixes labels stops the program")
    func mixing() async {
        struct Mixing: BatchTransform {
            func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
                var batch = PlainTransform()(raw, normalization: normalization)
                batch.targets = Tensor(repeating: 0.5, shape: [batch.count, 2])
                return batch
            }
        }
        await #expect(processExitsWith: .failure) {
            _ = TwoViews(weak: PlainTransform(), strong: Mixing())(
                RawBatch(images: TinyTask.images(2), seed: 0, epoch: 0),
                normalization: Normalization(mean: [0.5], deviation: [0.25]))
        }
    }
}

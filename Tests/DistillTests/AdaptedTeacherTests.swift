import Autograd
import Datasets
import Foundation
import Layers
import Synchronization
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

@Suite("A teacher that reads other inputs than its student")
struct AdaptedTeacherTests {
    private static let grey = Normalization(mean: [0.4], deviation: [0.2])
    private static let colours = Normalization(mean: [0.5, 0.4, 0.3], deviation: [0.25, 0.2, 0.5])

    private static func size(_ side: Int, _ channels: Int = 1) -> ImageSize {
        ImageSize(height: side, width: side, channels: channels)
    }

    /// A network whose outputs are the means of its channels, and which notes what it was given.
    private final class Reader: Sendable {
        private let seen = Mutex(Set<[Int]>())
        var shapes: Set<[Int]> { seen.withLock { $0 } }
        var network: ClosureModule {
            ClosureModule { input in
                _ = self.seen.withLock { $0.insert(Array(input.value.shape.dropFirst())) }
                return input.globalAveragePooled()
            }
        }
    }

    @Test("It says of inputs that are normalised otherwise what it says of its own, and of its own the same bits")
    func normalization() {
        let images = TinyTask.images(6)
        func inputs(_ normalization: Normalization) -> Tensor {
            PlainTransform()(RawBatch(images: images, seed: 0, epoch: 0), normalization: normalization).inputs
        }
        let (own, network) = (Normalization(mean: [0.1], deviation: [0.7]), TinyLesson.teacher)
        let expected = network.predict(inputs(own))
        let same = AdaptedTeacher(network, reading: Self.size(8), normalizedBy: own, from: own)
        #expect(same.predict(inputs(own)).isBitIdentical(to: expected))
        let other = AdaptedTeacher(network, reading: Self.size(8), normalizedBy: own, from: Self.grey)
        let found = other.predict(inputs(Self.grey))
        for (a, b) in zip(found.scalars, expected.scalars) { #expect(abs(a - b) < 1e-5) }
        #expect(other.parameters.map(\.path).allSatisfy { $0.hasPrefix("network.") })
    }

    @Test("Grey becomes three equal channels, and colours become their luma, each as the network normalises them")
    func channels() {
        let network = Reader().network
        // Bytes of 0.6 are 1 after the normalisation of grey inputs.
        let coloured = AdaptedTeacher(network, reading: Self.size(4, 3), normalizedBy: Self.colours, from: Self.grey)
        let spread = coloured.predict(Tensor(1).broadcast(to: [2, 4, 4, 1]))
        #expect(spread.shape == [2, 3])
        for (found, expected) in zip(spread.scalars, [0.4, 1, 0.6, 0.4, 1, 0.6] as [Float]) {
            #expect(abs(found - expected) < 1e-6)
        }
        // Pixels of (0.75, 0.2, 0.8): a luma of 0.299 · 0.75 + 0.587 · 0.2 + 0.114 · 0.8.
        let dull = AdaptedTeacher(network, reading: Self.size(4), normalizedBy: Self.grey, from: Self.colours)
        let luma = dull.predict(Tensor([1, -1, 1], shape: [1, 1, 1, 3]).broadcast(to: [1, 4, 4, 3])).scalar
        #expect(abs(luma - (0.43285 - 0.4) / 0.2) < 1e-5)
    }

    @Test("Inputs of another size are brought to the network's; their mean stays")
    func sizes() {
        let reader = Reader()
        let teacher = AdaptedTeacher(
            reader.network, reading: Self.size(12), normalizedBy: Self.grey, from: Self.grey)
        let images = smoothImages(3, side: 24, seed: 4)
        let (means, found) = (Reader().network.predict(images), teacher.predict(images))
        for (a, b) in zip(found.scalars, means.scalars) { #expect(abs(a - b) < 0.02) }
        _ = teacher.predict(smoothImages(1, side: 7, seed: 5))
        #expect(reader.shapes == [[12, 12, 1]])
    }

    @Test("Outputs are chosen for the student's classes; where several mean one, their probabilities add up")
    func classes() {
        let logits = Tensor([1, 2, 3, 4, 1000, -1000, 999, 0], shape: [2, 4])
        func said(_ classes: [[Int]]) -> [Float] {
            let network = ClosureModule { $0.tape.constant(logits) }
            return AdaptedTeacher(
                network, reading: Self.size(1), normalizedBy: Self.grey, from: Self.grey, classes: classes
            ).predict(.zeros([2, 1, 1, 1])).scalars
        }
        #expect(said([[3], [0]]) == [4, 1, 0, 1000])
        let merged = said([[0, 1], [2]])
        let expected: [Float] = [2.313_261_7, 3, 1000, 999]  // log(e + e²)
        for (a, b) in zip(merged, expected) { #expect(abs(a - b) < 1e-4) }
    }

    @Test(
        "A distillation shows the teacher its own size in every step and for validation; an average reads the student's"
    )
    func twoSizes() throws {
        var data = TinyLesson.data
        data.transform = TwoSizes(PlainTransform(), teacher: (height: 16, width: 16))
        let reader = Reader()
        let teacher = AdaptedTeacher(
            reader.network, reading: Self.size(16, 3), normalizedBy: Self.colours, from: data.normalization)
        let student = TinyNet(seed: 1)
        let distiller = Distiller(teacher: Ensemble([teacher, MeanTeacher(of: student)]))
        _ = try TinyLesson.result(distiller, student, TinyLesson.plan, data)
        #expect(reader.shapes == [[16, 16, 3]])
    }

    @Test("Feature maps of one view at two sizes are compared, in spite of the teacher's inputs of their own")
    func hints() throws {
        var data = TinyLesson.data
        data.transform = TwoSizes(PlainTransform(), teacher: (height: 16, width: 16))
        let network = ClosureModule { $0.named("late").globalAveragePooled() }
        let teacher = AdaptedTeacher(
            network, reading: Self.size(16, 3), normalizedBy: Self.colours, from: data.normalization)
        let distiller = Distiller(teacher: teacher, hints: [Hint(student: "early", teacher: "late", weight: 1)])
        #expect(try !TinyLesson.result(distiller, TinyNet(seed: 1), TinyLesson.plan, data).history.epochs.isEmpty)
        data.transform = TwoSizes(
            TwoViews(weak: PlainTransform(), strong: TinyNoise()), teacher: (height: 16, width: 16))
        #expect(throws: ConfigurationError.self) {
            try TinyLesson.result(distiller, TinyNet(seed: 1), TinyLesson.plan, data)
        }
    }

    @Test("A run that goes on under a teacher adapted otherwise is refused, and the cache of outputs is the run's own")
    func checkpoints() throws {
        try withTemporaryFolder { folder in
            func teacher(_ classes: [[Int]]?) -> AdaptedTeacher {
                AdaptedTeacher(
                    TinyLesson.teacher, reading: Self.size(8), normalizedBy: Self.grey,
                    from: TinyLesson.data.normalization, classes: classes)
            }
            let url = folder.appending(path: "run")
            var distiller = Distiller(teacher: teacher([[2], [0], [1]]), teacherCache: folder.appending(path: "cache"))
            let whole = try TinyLesson.result(distiller, checkpoint: url)
            #expect(try TinyLesson.result(distiller) == whole)
            distiller.teacher = teacher([[2], [1], [0]])
            #expect(throws: FormatError.self) { try TinyLesson.result(distiller) }
            distiller.teacherCache = nil
            #expect(throws: FormatError.self) { try TinyLesson.result(distiller, checkpoint: url) }
        }
    }
}

import Autograd
import Datasets
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

@Suite struct ContrastTests {
    private static func tensor(_ shape: Shape, seed: UInt64) -> Tensor {
        var random = Philox(seed: seed)
        return Tensor(uniform: shape, in: -1...1, using: &random)
    }

    private static func units(_ shape: Shape, seed: UInt64) -> Tensor { UnitRows(tensor(shape, seed: seed)).values }

    @Test("Value and gradient against the formula in Double and its central differences; τ down to 0.02, batch 1")
    func formula() {
        for (rows, temperature, count, scale) in [(5, 0.1, 40, 1.5), (1, 1, 3, 0.2), (4, 0.02, 1000, 2e6)]
            as [(Int, Float, Int, Float)]
        {
            let student = Self.tensor([rows, 6], seed: 1)
            let (positives, negatives) = (Self.units([rows, 6], seed: 2), Self.units([9, 6], seed: 3))
            func isNegative(_ row: Int, _ column: Int) -> Bool { row != 3 && (row + column) % 4 != 0 }
            let (t, n) = (DoubleArray(positives).rows, DoubleArray(negatives).rows)
            let complaints = gradientComplaints([student]) { inputs in
                let own = UnitRows(inputs[0].value)
                let (losses, gradient) = contrastiveLosses(
                    student: own.values, positives: positives, negatives: negatives, isNegative: isNegative,
                    temperature: temperature, count: count, normalizer: scale)
                return inputs[0].tape.weightedMean(
                    "contrast", losses, own.gradient(gradient), [Float](repeating: 1, count: rows), of: inputs[0])
            } oracle: { inputs in
                let value = inputs[0].rows.enumerated().reduce(0.0) { sum, entry in
                    let norm = entry.element.reduce(0) { $0 + $1 * $1 }.squareRoot()
                    func score(_ other: [Double]) -> Double {
                        exp(zip(entry.element, other).reduce(0) { $0 + $1.0 * $1.1 } / norm / Double(temperature))
                    }
                    let rest = Double(count) * Double(scale)
                    let valid = n.indices.filter { isNegative(entry.offset, $0) }
                    // log (1 − h) = log (rest / (score + rest))
                    let far = valid.reduce(0) { $0 - log(rest / (score(n[$1]) + rest)) }
                    let near = -log(score(t[entry.offset]) / (score(t[entry.offset]) + rest))
                    return sum + near + (valid.isEmpty ? 0 : Double(count) * far / Double(valid.count))
                }
                return DoubleArray([value / Double(rows)], shape: [])
            }
            // The slope grows with N / τ.
            #expect(complaints == [], "τ = \(temperature), N = \(count)")
        }
    }

    private static let teacher = withStatistics(TinyNet(width: 5, seed: 8), seed: 9)

    private static func head(_ contrast: ContrastTerm, labelled: Int = 6) throws -> ContrastiveHead {
        var random = Philox(seed: 1)
        return try ContrastiveHead(
            contrast, channels: 6, teacher: teacher,
            data: TrainingData(
                labelled: TinyTask.images(labelled), unlabelled: TinyTask.images(4, seed: 2, firstID: labelled - 1)),
            using: &random)
    }

    @Test("The bank starts with the teacher's points: each image once, centred, of norm 1")
    func start() throws {
        let head = try Self.head(ContrastTerm("late"))
        // The last labelled image has the id of the first unlabelled one.
        #expect(head.bank.value.shape == [9, 10])
        for row in head.bank.value.rowsInDouble {
            #expect(abs(row.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5)
        }
        let data = TrainingData(labelled: TinyTask.images(6))
        let inputs = try data.sample(6)
        let map = try #require(Self.teacher.featureMaps(["late"], of: inputs).maps["late"])
        let points = globalAverage(map) - head.center.value.reshaped(to: [1, 10])
        #expect(head.bank.value[rows: 0..<6].distance(to: DoubleArray(UnitRows(points).values)) < 1e-5)
    }

    @Test(
        "After a step the rows of its images are blended with what the teacher says of the view, the others as they were"
    )
    func bank() throws {
        var head = try Self.head(ContrastTerm("late", negatives: 5, momentum: 0.25))
        let before = head.bank.value.rowsInDouble
        let batch = Batch(inputs: .zeros([3, 8, 8, 1]), sampleIDs: [2, 7, 2], labels: [2, nil, 2])
        let target = Self.tensor([3, 4, 4, 10], seed: 4)
        let center = DoubleArray(head.center.value).values
        let points = DoubleArray(globalAverage(target)).rows.map { row in
            let centred = zip(row, center).map { $0 - $1 }
            let norm = centred.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return centred.map { $0 / norm }
        }
        func blend(_ old: [Double], _ new: [Double]) -> [Double] {
            let sum = zip(old, new).map { 0.25 * $0 + 0.75 * $1 }
            let norm = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return sum.map { $0 / norm }
        }
        var expected = before
        expected[2] = blend(blend(before[2], points[0]), points[2])
        expected[7] = blend(before[7], points[1])
        #expect(head.normalizer.value.scalars == [0])
        _ = valueAndGradients(of: &head) { head, tape in
            var random = Philox(seed: 3)
            return head.loss(
                tape.constant(Self.tensor([3, 4, 4, 6], seed: 5)), teacherMap: target, of: batch, using: &random)
        }
        let wanted = DoubleArray(expected.flatMap { $0 }, shape: [9, 10])
        #expect(head.bank.value.distance(to: wanted) < 1e-5)
        let scale = head.normalizer.value.scalars[0]
        #expect(scale > 0)
        // z stays what it was in the first step.
        _ = valueAndGradients(of: &head) { head, tape in
            var random = Philox(seed: 4)
            return head.loss(
                tape.constant(Self.tensor([3, 4, 4, 6], seed: 6)), teacherMap: target, of: batch, using: &random)
        }
        #expect(head.normalizer.value.scalars == [scale])
    }

    @Test("Images of the same class and the image itself are no negatives: with no others the labelled rows have none")
    func negatives() throws {
        func loss(_ label: Int?, _ id: Int) throws -> Float {
            var random = Philox(seed: 1)
            var images = TinyTask.images(2)
            images = ImageSet(
                pixels: images.pixels, height: 8, width: 8, channels: 1, labels: [0, 0], classNames: ["a", "b", "c"])
            var head = try ContrastiveHead(
                ContrastTerm("late", temperature: 1, negatives: 8), channels: 6, teacher: Self.teacher,
                data: TrainingData(labelled: images), using: &random)
            head.normalizer.value = Tensor([1])
            let batch = Batch(inputs: .zeros([1, 8, 8, 1]), sampleIDs: [id], labels: [label])
            let tape = Tape(mode: .evaluation)
            var stream = Philox(seed: 7)
            return head.loss(
                tape.constant(Self.tensor([1, 4, 4, 6], seed: 5)), teacherMap: Self.tensor([1, 4, 4, 10], seed: 6),
                of: batch, using: &stream
            ).value.scalar
        }
        let (alone, told) = (try loss(0, 0), try loss(nil, 0))
        #expect(told > alone + 0.1)
        #expect(try loss(0, 1) == alone)
    }

    @Test("The weights of the images reach it: 0 takes one out")
    func weights() throws {
        let head = try Self.head(ContrastTerm("late", negatives: 5))
        func loss(_ ids: [Int], _ rows: [Int], _ weights: [Float]?) -> Float {
            let tape = Tape(mode: .evaluation)
            var random = Philox(seed: 3)
            var head = head
            head.normalizer.value = Tensor([2])
            return head.loss(
                tape.constant(Self.tensor([2, 4, 4, 6], seed: 5).gatheringRows(rows)),
                teacherMap: Self.tensor([2, 4, 4, 10], seed: 4).gatheringRows(rows),
                of: Batch(inputs: .zeros([1]), sampleIDs: ids, labels: ids.map { $0 % 3 }, weights: weights),
                using: &random
            ).value.scalar
        }
        let (first, second) = (loss([1], [0], nil), loss([3], [1], nil))
        #expect(abs(loss([1, 3], [0, 1], [1, 0]) - first) < 1e-5)
        #expect(abs(loss([1, 3], [0, 1], [1, 3]) - (first + 3 * second) / 4) < 1e-4)
        #expect(abs(first - second) > 1e-3)
    }

    @Test("A contrast that cannot be followed is refused before the first step, and the student stays as it was")
    func refusals() {
        func place(_ contrast: ContrastTerm, _ teacher: any Module = Self.teacher) -> String? {
            var student = TinyNet(seed: 1)
            let before = student.bits
            var distiller = Distiller(teacher: teacher)
            distiller.contrasts = [contrast]
            let error = #expect(throws: ConfigurationError.self) {
                _ = try distiller.fit(&student, on: TinyTask.images(6), plan: .init(steps: 2))
            }
            #expect(student.bits == before)
            return error?.place
        }
        #expect(place(ContrastTerm(student: "none", teacher: "late")) == "contrasts[0].student")
        #expect(place(ContrastTerm(student: "late", teacher: "none")) == "contrasts[0].teacher")
        #expect(place(ContrastTerm("late", weight: .nan)) == "contrasts[0].weight")
        #expect(place(ContrastTerm("late", temperature: 0)) == "contrasts[0].temperature")
        #expect(place(ContrastTerm("late", negatives: 0)) == "contrasts[0].negatives")
        #expect(place(ContrastTerm("late", momentum: 1)) == "contrasts[0].momentum")
        let network = Self.teacher
        let broken = ClosureModule { input in
            let logits = network(input)
            _ = (input * Float.nan).named("broken")
            return logits
        }
        #expect(place(ContrastTerm(student: "late", teacher: "broken"), broken) == "contrasts[0].teacher")
    }

    @Test("The student's points find the teacher's")
    func learns() throws {
        var distiller = Distiller(teacher: Self.teacher, hardLabelWeight: .constant(1))
        distiller.contrasts = [ContrastTerm("late", negatives: 16)]
        var student = TinyNet(dropout: 0, seed: 1)
        let plan = TrainingPlan(steps: 60, stepsPerEpoch: 30, batchSize: 12, learningRate: .constant(0.02), seed: 1)
        let epochs = try distiller.fit(&student, on: TinyTask.images(24), plan: plan).epochs
        let losses = epochs.flatMap { $0.steps["contrast late"] ?? [] }.compactMap { $0 }
        #expect(losses.count == 60)
        let (first, last): (Float, Float) = (losses.prefix(10).reduce(0, +), losses.suffix(10).reduce(0, +))
        #expect(last < 0.8 * first)
    }
}

import TensorCore
import TestSupport
import Testing

@testable import Datasets

@Suite struct EpochPlanTests {
    private func ids(_ plan: EpochPlan) throws -> [Int] {
        try (0..<plan.steps).flatMap { try plan.batch(at: $0).images.sampleIDs }
    }

    private func counts(_ ids: [Int]) -> [Int: Int] { ids.reduce(into: [:]) { $0[$1, default: 0] += 1 } }

    // 7 samples, 3 a step, 4 steps an epoch: passes end within steps and within epochs.
    @Test("Every sample comes as often as any other, over passes that go on through epochs and a shorter last one")
    func passes() throws {
        let set = numbered([0, 1, 0, 1, 0, 1, nil], classes: 2)
        func epoch(_ number: Int, _ steps: Int) throws -> [Int] {
            try ids(
                EpochPlan(
                    sources: [.init(set, batchSize: 3)], steps: steps, firstStep: 4 * number, epoch: number, seed: 2))
        }
        let stream = try epoch(0, 4) + epoch(1, 4) + epoch(2, 4) + epoch(3, 2)
        #expect(stream.count == 42)
        let passes = (0..<6).map { (pass: Int) -> [Int] in Array(stream[7 * pass..<7 * (pass + 1)]) }
        #expect(passes.allSatisfy { Set($0) == Set(100..<107) })
        #expect(Set(passes).count == 6)  // each in another order
        // The same epoch again, as after a resume; and another seed.
        #expect(try epoch(2, 4) == Array(stream[24..<36]))
        let other = EpochPlan(sources: [.init(set, batchSize: 3)], steps: 4, epoch: 0, seed: 3)
        #expect(try ids(other) != Array(stream[..<12]))
    }

    @Test("Without firstStep the passes go on as if all epochs had been of this length")
    func defaultFirstStep() throws {
        let set = numbered([0, 0, 0, 0, 0], classes: 1)
        let source = EpochPlan.Source(set, batchSize: 2)
        let given = EpochPlan(sources: [source], steps: 3, firstStep: 6, epoch: 2, seed: 1)
        #expect(try ids(EpochPlan(sources: [source], steps: 3, epoch: 2, seed: 1)) == ids(given))
    }

    @Test("A batch larger than the data set repeats samples, and draw numbers count the repeats from 0")
    func repeats() throws {
        let plan = EpochPlan(
            sources: [.init(numbered([0, 0, 0], classes: 1), batchSize: 8)], steps: 2, firstStep: 0, epoch: 1, seed: 4)
        var seen: [Int: Int] = [:]
        for step in 0..<2 {
            let batch = try plan.batch(at: step)
            #expect(batch.epoch == 1 && batch.seed == 4)
            for (id, draw) in zip(batch.images.sampleIDs, batch.draws) {
                #expect(draw == seen[id, default: 0])
                seen[id, default: 0] += 1
            }
        }
        #expect(seen.values.sorted() == [5, 5, 6])
    }

    @Test("An image in two sources has draw numbers of its own in each, so that no view comes twice")
    func sharedImages() throws {
        let set = numbered([0, 0], classes: 1)
        let plan = EpochPlan(
            sources: [.init(set, batchSize: 2), .init(set.withoutLabels(), batchSize: 2)], steps: 3, epoch: 0, seed: 4)
        let views = try (0..<3).flatMap { step in
            let batch = try plan.batch(at: step)
            #expect(batch.images.labels == [0, 0, nil, nil])
            return zip(batch.images.sampleIDs, batch.draws).map { [$0, $1] }
        }
        #expect(Set(views).count == 12)
    }

    // 6,000 draws: the standard deviation of a class's share p is √(p(1 − p) / 6000) ≤ 0.0065; four of them are 0.026.
    @Test("Class-weighted draws come near their probabilities, whatever the classes' sizes; absent classes never")
    func weighted() throws {
        let labels: [Int?] = [0] + [Int](repeating: 1, count: 40) + [3, 3, 3, 3, 3] + [nil, nil]
        let plan = EpochPlan(
            sources: [.init(numbered(labels, classes: 5), batchSize: 30)], steps: 200, epoch: 0, seed: 6,
            classProbabilities: [2, 1, 4, 1, 0])
        var drawn = [Double](repeating: 0, count: 5)
        for step in 0..<200 { for label in try plan.batch(at: step).images.labels { drawn[label ?? 4] += 1 } }
        // Class 2 has no image, so 2 + 1 + 1 are shared out; class 4 (and with it what has no label) has probability 0.
        for (count, share) in zip(drawn, [0.5, 0.25, 0, 0.25, 0]) { #expect(abs(count / 6000 - share) < 0.026) }
        #expect(drawn[2] == 0 && drawn[4] == 0)
        // Within a class in passes: equally often but for the last.
        let perImage = counts(try ids(plan)).filter { (141...145).contains($0.key) }.map(\.value)
        #expect(perImage.count == 5 && (perImage.max() ?? 0) - (perImage.min() ?? 9) <= 1)
    }

    @Test("Class probabilities leave sources without labels to their passes")
    func weightedBesideUnlabelled() throws {
        let set = numbered([0, 1], classes: 2)
        let rest = numbered([nil, nil, nil], classes: 2)
        let plan = EpochPlan(
            sources: [.init(set, batchSize: 1), .init(rest, batchSize: 3)], steps: 2, epoch: 0, seed: 1,
            classProbabilities: [0, 1])
        for step in 0..<2 {
            let batch = try plan.batch(at: step)
            #expect(batch.images.labels == [1, nil, nil, nil])
            #expect(Set(batch.images.sampleIDs.dropFirst()) == [100, 101, 102])
        }
    }

    @Test("Strengths follow their samples")
    func strengths() throws {
        let plan = EpochPlan(
            sources: [.init(numbered([0, 0, 0, 0], classes: 1), batchSize: 3)], steps: 2, epoch: 0, seed: 1
        ) { Float($0) / 100 }
        for step in 0..<2 {
            let batch = try plan.batch(at: step)
            #expect(batch.strengths == batch.images.sampleIDs.map { Float($0) / 100 })
        }
    }

    @Test("Impossible plans stop the program")
    func refusals() async {
        await #expect(processExitsWith: .failure) { _ = EpochPlan.Source(numbered([], classes: 1), batchSize: 1) }
        await #expect(processExitsWith: .failure) {
            _ = EpochPlan(
                sources: [.init(numbered([0], classes: 2), batchSize: 1)], steps: 1, epoch: 0, seed: 0,
                classProbabilities: [0, 1])
        }
        await #expect(processExitsWith: .failure) {
            _ = EpochPlan(
                sources: [.init(numbered([0], classes: 1), batchSize: 1)], steps: 1, epoch: 0, seed: 0,
                classProbabilities: [.nan])
        }
    }
}

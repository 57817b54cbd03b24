import TestSupport
import Testing

@testable import Training

@Suite struct ScheduleTests {
    @Test("Values by hand at the ends, in the middle and at the places of steps")
    func values() {
        func at(_ schedule: Schedule, _ progress: Float) -> Float { schedule.value(at: progress) }
        #expect(at(.constant(0.3), 0.7) == 0.3)
        #expect(at(.linear(from: 3, to: 1), 0) == 3)
        #expect(at(.linear(from: 3, to: 1), 0.25) == 2.5)
        #expect(at(.linear(from: 3, to: 1), 1) == 1)
        // cos 60° = 1/2: three quarters of the way up at a third of the run.
        #expect(abs(at(.cosine(from: 1, to: 0), 1.0 / 3) - 0.75) < 1e-6)
        #expect(at(.cosine(from: 4, to: 2), 0.5) == 3)
        #expect(at(.cosine(from: 0.05, to: 0), 1) == 0)
        #expect(abs(at(.exponential(from: 1, to: 0.01), 0.5) - 0.1) < 1e-7)
        #expect(at(.exponential(from: 8, to: 2), 1) == 2)
        let steps = Schedule.step(from: 1, factor: 0.5, at: [0.5, 0.75])
        #expect([0, 0.49, 0.5, 0.74, 0.75, 1].map { at(steps, $0) } == [1, 1, 0.5, 0.5, 0.25, 0.25])
        let warm = Schedule.warmUp(0.2, then: .linear(from: 1, to: 0))
        #expect(at(warm, 0) == 0)
        #expect(abs(at(warm, 0.1) - 0.5) < 1e-6)
        #expect(at(warm, 0.2) == 1)
        #expect(abs(at(warm, 0.6) - 0.5) < 1e-6)
        #expect(at(warm, 1) == 0)
        #expect(at(.warmUp(0, then: .constant(2)), 0) == 2)
    }

    @Test("Extremes of steps are the values at their places, in any order, with places that coincide, of 200,000 too")
    func extremes() {
        let places: [Float] = [0.75, 0.25, 0.25, 0, 1, 0.5, 1]
        let steps = Schedule.step(from: 3, factor: 0.5, at: places)
        #expect(Set(steps.extremes) == Set(places.map { steps.value(at: $0) }))
        // Each value asked for by itself would take minutes.
        let many = Schedule.step(from: 4, factor: 1, at: (0..<200_000).map { Float($0) / 200_000 })
        #expect(Set(many.extremes) == [4])
    }

    @Test("Stairs hold each epoch's first value, for shares that Float rounds down too")
    func stairs() {
        for epochs in [1, 3, 7, 49, 300] {
            let plan = TrainingPlan(steps: epochs * 11, stepsPerEpoch: 11)
            let schedule = Schedule.stairs(.linear(from: 0, to: 1), parts: epochs)
            for step in 0..<plan.steps {
                #expect(schedule.value(at: plan.progress(at: step)) == Float(Double(step / 11) / Double(epochs)))
            }
            #expect(schedule.value(at: 1) == Float(Double(epochs - 1) / Double(epochs)))
        }
    }

    // 0.1 + (0.9 − 0.1) is 0.90000004 in Float32, and 0.3 + (1 − 0.3) may pass 1: a weight of hard labels must not.
    @Test("Ends are met exactly and never passed, whatever the numbers round to")
    func ends() {
        for from in stride(from: Float(0), through: 1, by: 0.05) {
            for to in stride(from: Float(0), through: 1, by: 0.07) {
                for schedule in [Schedule.linear(from: from, to: to), .cosine(from: from, to: to)] {
                    #expect(schedule.value(at: 0) == from && schedule.value(at: 1) == to)
                    for progress in [Float.leastNonzeroMagnitude, 0.1, 0.37, 0.9999999, Float(1).nextDown] {
                        let value = schedule.value(at: progress)
                        #expect(value >= min(from, to) && value <= max(from, to))
                    }
                }
            }
        }
    }

    @Test("A progress outside the run stops the program")
    func refusals() async {
        await #expect(processExitsWith: .failure) { _ = Schedule.constant(1).value(at: 1.5) }
        await #expect(processExitsWith: .failure) { _ = Schedule.exponential(from: 1, to: 0).value(at: 0.5) }
        await #expect(processExitsWith: .failure) { _ = Schedule.stairs(.constant(1), parts: 0).value(at: 0.5) }
    }

    @Test("A plan's epochs, the last of which may be shorter, and its share of steps")
    func plan() {
        let plan = TrainingPlan(steps: 10, stepsPerEpoch: 4)
        #expect(plan.epochs == 3)
        #expect((0..<3).map(plan.steps(ofEpoch:)) == [4, 4, 2])
        #expect(plan.progress(at: 5) == 0.5)
    }

    @Test("A plan with a number out of range stops the program, also if it was set later")
    func impossiblePlans() async {
        await #expect(processExitsWith: .failure) { _ = TrainingPlan(steps: 0) }
        await #expect(processExitsWith: .failure) { _ = TrainingPlan(steps: 1, patience: 0) }
        await #expect(processExitsWith: .failure) { _ = TrainingPlan(steps: 1, gradientClipping: .nan) }
        await #expect(processExitsWith: .failure) {
            var plan = TrainingPlan(steps: 1)
            plan.weightAveraging = 1
            var network = TinyNet(seed: 1)
            _ = try Trainer(plan, on: TrainingData(labelled: TinyTask.images(6))).fit(&network)
        }
    }
}

import Datasets
import Foundation
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

@Suite struct TemperatureSearchTests {
    private struct Trials: Encodable {
        let trials: [TemperatureSearch.Trial]
    }

    private func best(_ trials: [(Float, right: Int, loss: Double)], steps: [Int] = [1, 1, 1]) throws -> Float {
        let trials = Trials(
            trials: zip(trials, steps).map { trial, steps in
                let (temperature, right, loss) = trial
                return .init(
                    temperature: temperature, steps: steps,
                    validation: ClassReport(
                        epoch: 0, loss: loss, confusion: [[right, 10 - right], [0, 0]], classLosses: [loss, 0]))
            })
        return try JSONDecoder().decode(TemperatureSearch.self, from: JSONEncoder().encode(trials)).best
    }

    @Test("The best has the highest accuracy, among equals the lowest loss, and then is the first of the grid")
    func choice() throws {
        #expect(try best([(1, 7, 0.1), (2, 9, 0.8), (3, 8, 0.2)]) == 2)
        #expect(try best([(1, 9, 0.5), (2, 9, 0.3), (3, 9, 0.4)]) == 2)
        #expect(try best([(1, 9, 0.5), (2, 9, 0.5)]) == 1)
        // A short run is not compared with a long one.
        #expect(try best([(1, 9, 0.1), (2, 7, 0.8), (3, 8, 0.2)], steps: [1, 2, 2]) == 3)
    }

    @Test("Every temperature is tried on a fresh copy of the student, in the grid's order")
    func trials() throws {
        let data = TrainingData(
            labelled: TinyTask.images(9), validation: TinyTask.images(30, seed: 3, firstID: 200))
        let plan = TrainingPlan(steps: 6, stepsPerEpoch: 3, batchSize: 6, seed: 1)
        let distiller = Distiller(teacher: TinyNet(width: 4, seed: 3))
        let search = try TemperatureSearch(
            distiller, student: TinyNet(seed: 1), over: [4, 1], on: data, plan: plan)
        #expect(search.trials.map(\.temperature) == [4, 1])
        for trial in search.trials {
            var student = TinyNet(seed: 1)
            var single = distiller
            single.temperature = .constant(trial.temperature)
            let history = try single.fit(&student, on: data, plan: plan)
            #expect(history.returned?.validation == trial.validation)
        }
    }

    @Test("Tries at the same time give what they give one after the other, and the first one's error")
    func atOnce() throws {
        let data = TrainingData(
            labelled: TinyTask.images(9), validation: TinyTask.images(30, seed: 3, firstID: 200))
        let plan = TrainingPlan(steps: 6, stepsPerEpoch: 3, batchSize: 6, seed: 1)
        func search(_ temperatures: [Float], atOnce: Int?) throws -> TemperatureSearch {
            try TemperatureSearch(
                Distiller(teacher: TinyNet(width: 4, seed: 3)), student: TinyNet(seed: 1), over: temperatures, on: data,
                plan: plan, atOnce: atOnce)
        }
        try Parallel.withThreads(4) {
            let single = try search([4, 1, 2, 3, 5], atOnce: 1)
            #expect(try search([4, 1, 2, 3, 5], atOnce: 3) == single)
            #expect(try search([4, 1, 2, 3, 5], atOnce: nil) == single)
            for atOnce in [1, 3] {
                let error = #expect(throws: ConfigurationError.self) { try search([1, -2, 3, -4], atOnce: atOnce) }
                #expect(error?.place == "temperature" && error?.problem.hasPrefix("-2.0 ") == true)
            }
        }
    }

    @Test("Halving: five at a quarter of the steps, the best three at half, the best two of these at all")
    func halving() throws {
        let data = TrainingData(
            labelled: TinyTask.images(9), validation: TinyTask.images(30, seed: 3, firstID: 200))
        let search = try TemperatureSearch(
            Distiller(teacher: TinyNet(width: 4, seed: 3)), student: TinyNet(seed: 1), over: [5, 4, 3, 2, 1], on: data,
            plan: TrainingPlan(steps: 8, stepsPerEpoch: 4, batchSize: 6, seed: 1), rounds: 3)
        #expect(search.trials.map(\.steps) == [2, 2, 2, 2, 2, 4, 4, 4, 8, 8])
        var rest = search.trials[...]
        for size in [5, 3] {
            let round = rest.prefix(size)
            rest = rest.dropFirst(size)
            let next = Set(rest.prefix((size + 1) / 2).map(\.temperature))
            let (kept, dropped) = (
                round.filter { next.contains($0.temperature) }, round.filter { !next.contains($0.temperature) }
            )
            #expect(kept.count == (size + 1) / 2)
            let worst = try #require(kept.map(\.validation.accuracy).min())
            #expect(dropped.allSatisfy { $0.validation.accuracy <= worst })
        }
        #expect(rest.map(\.temperature).contains(search.best))
    }

    @Test("Without validation images, or with an empty set of them, there is nothing to choose by")
    func refusals() {
        for validation in [nil, TinyTask.images(0)] {
            let data = TrainingData(labelled: TinyTask.images(9), validation: validation)
            #expect(throws: ConfigurationError.self) {
                _ = try TemperatureSearch(
                    Distiller(teacher: TinyNet(seed: 3)), student: TinyNet(seed: 1), on: data, plan: .init(steps: 2))
            }
        }
        let data = TrainingData(labelled: TinyTask.images(9), validation: TinyTask.images(9))
        #expect(throws: ConfigurationError.self) {
            _ = try TemperatureSearch(
                Distiller(teacher: TinyNet(seed: 3)), student: TinyNet(seed: 1), over: [0], on: data,
                plan: .init(steps: 2))
        }
    }
}

import Autograd
import Datasets
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

@Suite struct TemperatureTests {
    private static func logits(_ rows: Int, _ classes: Int, within bound: Float, seed: UInt64) -> Tensor {
        var random = Philox(seed: seed)
        return Tensor(uniform: [rows, classes], in: -bound...bound, using: &random)
    }

    /// The mean slope with ln T against the central difference of the formulas in Double.
    private static func complaint(
        _ loss: ResponseLoss, _ student: Tensor, _ teacher: Tensor, _ labels: [Int?]?, _ temperatures: [Float]
    ) -> String? {
        let slopes = loss.temperatureSlopes(
            student: student, teacher: teacher, labels: labels, temperatures: temperatures)
        let (s, t) = (DoubleArray(student).rows, DoubleArray(teacher).rows)
        func value(_ step: Double) -> Double {
            LossOracle.value(loss, s, t, labels, temperatures.map { Double($0) * exp(step) })
        }
        let expected = (value(1e-5) - value(-1e-5)) / 2e-5
        let found = slopes.reduce(0, +) / Double(slopes.count)
        let bound = 1e-4 * max(1, abs(expected), abs(value(0)))
        return abs(found - expected) <= bound ? nil : "T = \(temperatures): slope \(found), \(expected) expected"
    }

    @Test("∂loss/∂T against central differences of the papers' formulas", arguments: ResponseLossTests.losses)
    func slope(loss: ResponseLoss) {
        for temperature in ResponseLossTests.temperatures {
            for (rows, bound) in [(5, 4), (1, 4), (5, 80)] as [(Int, Float)] {
                let student = Self.logits(rows, 4, within: bound, seed: 1)
                let teacher = Self.logits(rows, 4, within: bound, seed: 2)
                for labels in [nil, (0..<rows).map { $0 == 2 ? nil : $0 % 4 }] as [[Int?]?] {
                    let temperatures = [Float](repeating: temperature, count: rows)
                    #expect(Self.complaint(loss, student, teacher, labels, temperatures) == nil)
                }
            }
            // One-hot and uniform teachers, and students.
            let size = 100 * temperature
            let extreme = Tensor([size, 0, 0, 0, size, 0, 0, 0, 0], shape: [3, 3])
            let mild = Self.logits(3, 3, within: 2, seed: 3)
            for (student, teacher) in [(mild, extreme), (extreme, mild)] {
                let temperatures = [Float](repeating: temperature, count: 3)
                #expect(Self.complaint(loss, student, teacher, [0, 2, nil], temperatures) == nil)
            }
        }
    }

    @Test("A student equal to its teacher has no slope, at any temperature", arguments: ResponseLossTests.losses)
    func equal(loss: ResponseLoss) {
        for temperature in ResponseLossTests.temperatures {
            for rows in [
                Self.logits(4, 5, within: 80, seed: 5), .zeros([4, 5]), Self.logits(4, 5, within: 3, seed: 4),
            ] {
                let slopes = loss.temperatureSlopes(
                    student: rows, teacher: rows, temperatures: [Float](repeating: temperature, count: 4))
                #expect(slopes.allSatisfy { abs($0) < 1e-9 })
            }
        }
    }

    @Test("Images with temperatures of their own: value, gradient and slope", arguments: ResponseLossTests.losses)
    func ownTemperatures(loss: ResponseLoss) {
        let temperatures: [Float] = [0.5, 1, 4, 20]
        let (student, teacher) = (Self.logits(4, 5, within: 4, seed: 6), Self.logits(4, 5, within: 4, seed: 7))
        let target = DoubleArray(teacher).rows
        let complaints = gradientComplaints([student]) { inputs in
            let (losses, gradient) = loss.rows(
                student: inputs[0].value, teacher: teacher, temperatures: temperatures)
            return inputs[0].tape.weightedMean("loss", losses, gradient, [1, 1, 1, 1], of: inputs[0])
        } oracle: {
            DoubleArray([LossOracle.value(loss, $0[0].rows, target, nil, temperatures.map(Double.init))], shape: [])
        }
        #expect(complaints == [])
        #expect(Self.complaint(loss, student, teacher, nil, temperatures) == nil)
    }

    @Test("The gradient of θ, as it is and reversed, against central differences; T stays within its bounds")
    func position() throws {
        let (student, teacher) = (Self.logits(3, 4, within: 4, seed: 8), Self.logits(3, 4, within: 4, seed: 9))
        let weights: [Float] = [1, 0, 3]
        let batch = Batch(
            inputs: .zeros([3, 1, 1, 1]), sampleIDs: [0, 1, 2], labels: [nil, nil, nil], weights: weights)
        let rows = (DoubleArray(student).rows, DoubleArray(teacher).rows)
        func oracle(_ position: Double) -> Double {
            let temperature = 2 + 7 / (1 + exp(-position))
            return [0, 2].reduce(0) {
                $0 + Double(weights[$1]) / 4
                    * LossOracle.value(.hinton, [rows.0[$1]], [rows.1[$1]], nil, temperature)
            }
        }
        for factor in [1, -0.25] as [Float] {
            for position in [-3, 0, 1.5] as [Float] {
                var learnt = LearntTemperature(TemperatureCurriculum(lowest: 2, highest: 9), from: 4)
                #expect(abs(learnt.value - 4) < 1e-5)
                learnt.position.value = Tensor([position])
                let (value, gradients) = valueAndGradients(of: &learnt) { learnt, tape in
                    ResponseLoss.hinton.mean(
                        student: tape.constant(student), teacher: teacher, batch,
                        Dynamics().terms(of: batch, teacher: teacher, temperature: learnt.value, hardWeight: 0),
                        learning: (learnt, factor))
                }
                #expect(abs(Double(value) - oracle(Double(position))) < 1e-4)
                let slope = Double(try #require(gradients[learnt.position.slot]).scalars[0])
                let difference = (oracle(Double(position) + 1e-5) - oracle(Double(position) - 1e-5)) / 2e-5
                #expect(abs(slope - Double(factor) * difference) < 1e-4)
            }
        }
        var far = LearntTemperature(TemperatureCurriculum(lowest: 2, highest: 9), from: 4)
        far.position.value = Tensor([1e6])
        #expect(far.value == 9)
        far.position.value = Tensor([-1e6])
        #expect(far.value == 2)
    }
}

import Autograd
import Datasets
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Distill

// Golden values that PyTorch computed in double precision; Golden/make_golden.py writes them and says what they are.
@Suite struct GoldenLossTests {
    private let golden = Result {
        try SafetensorsFile.read(
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden/losses.safetensors"))
    }

    /// Value and gradient, off by at most 10⁻⁴ of the largest magnitude.
    private func check(_ name: String, _ input: String, _ loss: (Variable) throws -> Variable) throws {
        let file = try golden.get()
        let tape = Tape(mode: .training)
        let slot = tape.bind(try file.tensor(input), path: input, needsGradient: true)
        let value = try loss(#require(tape.variable(at: slot)))
        let gradient = try #require(tape.gradients(of: value)[slot])
        for (found, place) in [(value.value.reshaped(to: [1]), name), (gradient, name + ".gradient")] {
            let expected = DoubleArray(try file.tensor(place))
            let distance = found.distance(to: expected)
            #expect(distance <= 1e-4 * expected.magnitude, "\(place): off by \(distance) of \(expected.magnitude)")
        }
    }

    @Test(
        "Response losses at four temperatures",
        arguments: [
            ("kl", .hinton), ("reverse", .kullbackLeibler(reverse: 1)), ("mixture", .kullbackLeibler(reverse: 0.25)),
            ("jensenShannon", .jensenShannon), ("decoupled", .decoupled()), ("correlation", .correlation()),
            ("standardized", .standardized(.hinton)), ("meanSquaredError", .meanSquaredError),
        ] as [(String, ResponseLoss)])
    func response(name: String, loss: ResponseLoss) throws {
        let file = try golden.get()
        let teacher = try file.tensor("teacher")
        let labels = try file.elements("labels", as: Int64.self).map { Int($0) }
        for temperature in ["0.5", "1", "4", "20"] {
            try check("\(name)@\(temperature)", "student") {
                loss(student: $0, teacher: teacher, labels: labels, temperature: try #require(Float(temperature)))
            }
        }
    }

    // The slope of the temperature that a curriculum learns, through the reversal of gradients.
    @Test(
        "What reaches a learnt temperature",
        arguments: [
            ("kl", .hinton), ("mixture", .kullbackLeibler(reverse: 0.25)), ("jensenShannon", .jensenShannon),
            ("decoupled", .decoupled()), ("correlation", .correlation()), ("standardized", .standardized(.hinton)),
        ] as [(String, ResponseLoss)])
    func curriculum(name: String, loss: ResponseLoss) throws {
        let file = try golden.get()
        let (student, teacher) = (try file.tensor("student"), try file.tensor("teacher"))
        let labels = try file.elements("labels", as: Int64.self).map { Int($0) }
        let batch = Batch(inputs: .zeros([16, 1, 1, 1]), sampleIDs: Array(0..<16), labels: labels)
        var learnt = LearntTemperature(TemperatureCurriculum(), from: 5)
        learnt.position.value = Tensor([-0.7])
        let (value, gradients) = valueAndGradients(of: &learnt) { learnt, tape in
            loss.mean(
                student: tape.constant(student), teacher: teacher, batch,
                Dynamics().terms(of: batch, teacher: teacher, temperature: learnt.value, hardWeight: 0),
                learning: (learnt, -0.4))
        }
        let slope = try #require(gradients[learnt.position.slot]).scalars[0]
        let expected = (try file.tensor("\(name).ctkd").scalars[0], try file.tensor("\(name).ctkd.gradient").scalars[0])
        #expect(abs(value - expected.0) <= 1e-4 * abs(expected.0))
        #expect(abs(slope - expected.1) <= 1e-4 * max(abs(expected.1), abs(expected.0)))
    }

    @Test("The contrastive loss, one of its rows without negatives")
    func contrast() throws {
        let file = try golden.get()
        let others = try file.tensor("crd.others")
        let (positive, negative) = (try file.tensor("crd.positive"), try file.tensor("crd.negative"))
        try check("crd", "crd.student") { points in
            let own = UnitRows(points.value)
            let (losses, gradient) = contrastiveLosses(
                student: own.values, positives: positive, negatives: negative, isNegative: { others[$0, $1] == 1 },
                temperature: 0.1, count: 40, normalizer: 1.5)
            return points.tape.weightedMean(
                "contrast", losses, own.gradient(gradient), [Float](repeating: 1, count: 8), of: points)
        }
    }

    @Test(
        "Feature losses",
        arguments: [
            ("hint", .hint), ("marginReLU", .marginReLU), ("attention", .attention), ("similarity", .similarity),
            ("relational", .relational()),
        ] as [(String, FeatureLoss)])
    func features(name: String, loss: FeatureLoss) throws {
        let teacher = try golden.get().tensor("map.teacher")
        try check(name, loss.needsAdapter ? "map.adapted" : "map.student") { loss($0, teacher) }
    }
}

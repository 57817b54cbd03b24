import Autograd
import Foundation
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

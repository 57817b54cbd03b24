import Datasets
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing
import Training

@testable import Distill

@Suite struct EnsembleTests {
    private static let teacher = TinyLesson.teacher
    private static let second = TinyLesson.second

    // Three members with q = (0.9, 0.1), (0.25, 0.75), (0.5, 0.5).
    private static let readings = [
        Tensor([log(9), 0], shape: [1, 2]), Tensor([0, log(3)], shape: [1, 2]), Tensor([0, 0], shape: [1, 2]),
    ]

    /// The first class's probability that the first members come to.
    private func first(
        _ averaging: Ensemble.Averaging, of count: Int = 2, label: Int? = nil, target: [Float]? = nil,
        at temperature: Float = 1
    ) -> Float {
        let ensemble = Ensemble([Self.teacher], averaging: averaging)
        let joined = ensemble.joined(
            Array(Self.readings.prefix(count)), labels: [label], targets: target.map { Tensor($0, shape: [1, 2]) },
            temperature: temperature)
        return softmax(joined * (1 / temperature)).scalars[0]
    }

    // By hand. Logits: odds of √(9 / 3). Probabilities: (0.9 + 0.25) / 2; at T = 2 (3/4 + 1/(1 + √3)) / 2, where the
    // mean at T = 1, softened afterwards, would be 0.5377. Entropies 0.325083 and 0.562335, so w = 1 / (1 +
    // exp(-0.237252)) of the first. Cross-entropies have e^h = 10/9 and 4 with label 0, 10 and 4/3 with label 1, 10/3
    // and 4/√3 with half of each, and 2 for the third member: weights are 1 less the share of e^h, over K − 1.
    @Test("Each way to join, against numbers by hand: at the temperature, by the label, by shares, for three members")
    func byHand() {
        for (found, expected) in [
            (first(.logits), 0.6339746), (first(.probabilities), 0.575), (first(.probabilities, at: 2), 0.5580127),
            (first(.entropy), 0.6133736), (first(.entropy, label: 1), 0.6133736), (first(.crossEntropy), 0.6133736),
            (first(.crossEntropy, label: 0), 17.45 / 23), (first(.crossEntropy, label: 1), 5.55 / 17),
            (first(.crossEntropy, label: 1, target: [0.5, 0.5]), 0.5160254),
            (first(.crossEntropy, of: 3, label: 0), 39.3 / 64), (first(.probabilities, of: 3), 0.55),
        ] as [(Float, Float)] {
            #expect(abs(found - expected) < 2e-6)
        }
    }

    @Test("A row's mean is that of the weighted logits, so that members that agree give their logits back")
    func level() {
        let ensemble = Ensemble([Self.teacher], averaging: .probabilities)
        let joined = ensemble.joined(Array(Self.readings.prefix(2)), temperature: 3)
        #expect(abs(joined.mean() - 3 * log(3) / 4) < 1e-6)
        let logits = Tensor([3, -2, 0.5, 100, 101, 99], shape: [2, 3])
        for averaging in [Ensemble.Averaging.logits, .probabilities, .entropy, .crossEntropy] {
            let same = Ensemble([Self.teacher], averaging: averaging)
                .joined([logits, logits, logits], labels: [1, nil], temperature: 4)
            #expect(zip(same.scalars, logits.scalars).allSatisfy { abs($0 - $1) < 2e-5 })
        }
    }

    @Test("Members so sure that probabilities underflow give finite logits, and the one that is wrong no say")
    func extremes() {
        let logits = [Tensor([1e4, 0, -1e4], shape: [1, 3]), Tensor([-1e4, 0, 1e4], shape: [1, 3])]
        for averaging in [Ensemble.Averaging.probabilities, .entropy, .crossEntropy] {
            let joined = Ensemble([Self.teacher], averaging: averaging).joined(logits, labels: [2], temperature: 1)
            #expect(joined.isFinite)
            let expected: [Float] = averaging == .crossEntropy ? [0, 0, 1] : [0.5, 0, 0.5]
            #expect(zip(softmax(joined).scalars, expected).allSatisfy { abs($0 - $1) < 1e-3 })
        }
    }

    @Test("As a network it is the joined members at T = 1; its parameters are theirs under their numbers")
    func network() {
        let input = Tensor(TinyTask.images(4).pixels.map { Float($0) / 255 }, shape: [4, 8, 8, 1])
        let ensemble = Ensemble([Self.teacher, Self.second])
        let mean = (softmax(Self.teacher.predict(input)) + softmax(Self.second.predict(input))) * 0.5
        #expect(zip(softmax(ensemble.predict(input)).scalars, mean.scalars).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(Ensemble([Self.teacher]).predict(input) == Self.teacher.predict(input))
        #expect(
            ensemble.parameters.map(\.path)
                == Self.teacher.parameters.map { "members.0.\($0.path)" }
                + Self.second.parameters.map { "members.1.\($0.path)" })
    }

    // Both in Double inside, so only the logits' and the mean's rounding differ.
    @Test("A student learns from the joined outputs at the step's temperature")
    func oneStep() throws {
        let (plan, data) = TinyLesson.still
        let student = TinyNet(dropout: 0, seed: 1)
        let inputs = try data.sample(6)
        let own = student.featureMaps([], of: inputs, mode: .training).logits
        func expected(_ joined: Tensor) -> Float {
            ResponseLoss.hinton.rows(student: own, teacher: joined, temperature: 3).losses.mean()
        }
        let (a, b) = (Self.teacher.predict(inputs), Self.second.predict(inputs))
        let soft = (softmax(a * (1 / 3)) + softmax(b * (1 / 3))) * 0.5
        for (averaging, joined) in [
            (.logits, (a + b) * 0.5), (.probabilities, soft.map { 3 * log($0) }),
        ] as [(Ensemble.Averaging, Tensor)] {
            let distiller = Distiller(
                teacher: Ensemble([Self.teacher, Self.second], averaging: averaging), temperature: .constant(3))
            let found = try TinyLesson.result(distiller, student, plan, data).history.epochs[0].values["response"]
            #expect(abs(try #require(found) - expected(joined)) < 1e-5)
        }
    }

    @Test("An ensemble of one teaches as its member does; each way to join teaches otherwise; members keep their bits")
    func distilling() throws {
        let single = try TinyLesson.result(Distiller(teacher: Self.teacher))
        #expect(try TinyLesson.result(Distiller(teacher: Ensemble([Self.teacher], averaging: .entropy))) == single)
        let counters = [Counter(), Counter()]
        let counted = Ensemble([counters[0].counting(Self.teacher), counters[1].counting(Self.second)])
        var all = [single.bits, try TinyLesson.result(Distiller(teacher: counted)).bits]
        #expect(counters.map(\.count) == [13, 13])  // eleven steps, the first images and validation
        for averaging in [Ensemble.Averaging.logits, .entropy, .crossEntropy] {
            let distiller = Distiller(teacher: Ensemble([Self.teacher, Self.second], averaging: averaging))
            all.append(try TinyLesson.result(distiller).bits)
            let members = (distiller.teacher as? Ensemble)?.members.map(\.bits)
            #expect(members == [Self.teacher.bits, Self.second.bits])
        }
        #expect(Set(all).count == 5)
    }

    @Test("Hints with several teachers, members of other classes and a checkpoint of another averaging are refused")
    func refusals() throws {
        func refusal(_ distiller: Distiller) -> ConfigurationError? {
            #expect(throws: ConfigurationError.self) { try TinyLesson.result(distiller) }
        }
        let pair = Ensemble([Self.teacher, Self.second])
        #expect(
            refusal(Distiller(teacher: pair, hints: [Hint("early")]))?.problem.hasPrefix("2 networks teach") == true)
        let mixed = Ensemble([Self.teacher, TinyNet(classes: 4, seed: 2)])
        #expect(refusal(Distiller(teacher: mixed))?.problem.contains("shape [15, 4]") == true)
        try withTemporaryFolder { folder in
            let url = folder.appending(path: "run")
            _ = try TinyLesson.result(Distiller(teacher: pair), checkpoint: url)
            var other = pair
            other.averaging = .crossEntropy
            let error = #expect(throws: FormatError.self) {
                try TinyLesson.result(Distiller(teacher: other), checkpoint: url)
            }
            #expect(error?.found.hasPrefix("another loss") == true)
        }
    }

    @Test("No members, and a pass in training mode, stop the program")
    func misuse() async {
        await #expect(processExitsWith: .failure) { _ = Ensemble([]) }
        await #expect(processExitsWith: .failure) {
            _ = Ensemble([TinyLesson.teacher]).featureMaps([], of: .zeros([1, 8, 8, 1]), mode: .training)
        }
    }
}

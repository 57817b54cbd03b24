import Foundation
import Retort

/// What a distillation costs beyond both networks and the optimiser: losses, checks, logging, controllers.
struct DistillationOverhead {
    private let batch: Int
    private let seconds: Double
    private let digits: Digits
    private let teacher = ConvNet(width: 16, channels: 1, classes: 10, seed: 1)
    private let student = ConvNet(width: 16, channels: 1, classes: 10, seed: 2)

    /// - Parameter seconds: of each figure.
    init(batch: Int, seconds: Double) throws {
        self.batch = batch
        self.seconds = seconds
        digits = try Digits.embedded()
    }

    /// A table: each loss alone, and a run with and without controllers, beside a loop that has nothing but the networks.
    func printTable() throws {
        let normalization = Normalization.of(digits.train)
        let raw = RawBatch(images: digits.train.subset(Array(0..<batch)), seed: 1, epoch: 0)
        let inputs = PlainTransform()(raw, normalization: normalization)
        let logits = (own: student.predict(inputs.inputs), other: teacher.predict(inputs.inputs))
        // A gradient as a loss would send it. That of a plain sum is one that batch-norm takes out, which leaves rounding errors.
        var random = Philox(seed: 3)
        let direction = Tensor(normal: [batch, 10], using: &random) * (1 / Float(batch))
        var model = student
        var optimizer = Optimizer(.sgd())
        let bare = medianTime(within: seconds, warmUp: 3) {
            _ = teacher.predict(inputs.inputs)
            let (_, gradients) = valueAndGradients(of: &model) { model, tape in
                model(tape.constant(inputs.inputs)).multiplied(byBroadcast: direction).sum()
            }
            optimizer.step(&model, along: gradients, rate: 1e-6)
        }
        func line(_ name: String, _ time: Double) {
            let text = String(format: "%9.1f µs  %5.2f %%", time * 1e6, time / bare * 100)
            print(name.padding(toLength: 34, withPad: " ", startingAt: 0) + text)
        }
        line("both networks and the optimiser", bare)
        let losses: [(String, ResponseLoss)] = [
            ("kl", .hinton), ("jensenShannon", .jensenShannon), ("meanSquaredError", .meanSquaredError),
            ("decoupled", .decoupled()), ("correlation", .correlation()), ("standardized", .standardized(.hinton)),
        ]
        for (name, loss) in losses {
            line(
                name,
                medianTime(within: seconds / 4) {
                    _ = loss.rows(student: logits.own, teacher: logits.other, labels: inputs.labels, temperature: 4)
                })
        }
        var dynamic = Distiller(teacher: teacher, temperature: .linear(from: 4, to: 1))
        dynamic.dynamics.curriculum = TemperatureCurriculum()
        dynamic.dynamics.temperatureFactor = EntropyFactor(sure: 1.5, unsure: 0.5)
        dynamic.dynamics.gapGain = 0.5
        var contrasting = Distiller(teacher: teacher)
        contrasting.contrasts = [Contrast("stage2")]
        let controllers: [any DataController] = [
            ClassController(threshold: 0.95), HardnessController(.stronger(upTo: 1.3)),
        ]
        for (name, distiller, controllers) in [
            ("a run", Distiller(teacher: teacher), []),
            ("a run with controllers", Distiller(teacher: teacher), controllers),
            ("a run with dynamics", dynamic, controllers), ("a run with a contrast", contrasting, []),
        ] as [(String, Distiller, [any DataController])] {
            line("beyond them: " + name, try perStep(distiller, controllers, normalization) - bare)
        }
    }

    /// Seconds a step of a run without augmentation: the difference of a long and a short run, without what begins and ends both.
    private func perStep(
        _ distiller: Distiller, _ controllers: [any DataController], _ normalization: Normalization
    ) throws -> Double {
        func time(_ steps: Int) throws -> Double {
            var student = student
            // One validation image: validation is not what is measured.
            let data = TrainingData(
                labelled: digits.train, validation: digits.validation.subset([0]), normalization: normalization,
                controllers: controllers)
            let start = Date()
            _ = try distiller.fit(
                &student, on: data, plan: TrainingPlan(steps: steps, stepsPerEpoch: 20, batchSize: batch))
            return Date().timeIntervalSince(start)
        }
        _ = try time(20)
        let pairs = try (0..<5).map { _ in (try time(80) - time(20)) / 60 }
        return pairs.sorted()[2]
    }
}

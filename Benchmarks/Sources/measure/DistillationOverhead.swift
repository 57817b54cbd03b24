import Foundation
import Retort
import Synchronization

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

    /// A table: each loss alone, and a run with and without controllers, beside a loop that has nothing but the
    /// networks.
    func printTable() throws {
        let normalization = Normalization.of(digits.train)
        let raw = RawBatch(images: digits.train.subset(Array(0..<batch)), seed: 1, epoch: 0)
        let inputs = PlainTransform()(raw, normalization: normalization)
        let logits = (own: student.predict(inputs.inputs), other: teacher.predict(inputs.inputs))
        func studentStep(_ model: inout ConvNet, _ optimizer: inout Optimizer) {
            let (_, gradients) = valueAndGradients(of: &model) { model, tape in
                model(tape.constant(inputs.inputs)).crossEntropy(inputs)
            }
            optimizer.step(&model, along: gradients, rate: 1e-6)
        }
        func bareStep(_ model: inout ConvNet, _ optimizer: inout Optimizer) {
            _ = teacher.predict(inputs.inputs)
            studentStep(&model, &optimizer)
        }
        var (model, optimizer) = (student, Optimizer(.sgd()))
        let bare = medianTime(within: seconds, warmUp: 3) { bareStep(&model, &optimizer) }
        func line(_ name: String, _ time: Double) {
            let text = String(format: "%9.1f µs  %5.2f %%", time * 1e6, time / bare * 100)
            print(name.padding(toLength: 34, withPad: " ", startingAt: 0) + text)
        }
        line("both networks and the optimiser", bare)
        line("of these the teacher's pass", medianTime(within: seconds) { _ = teacher.predict(inputs.inputs) })
        line("of these the student's step", medianTime(within: seconds) { studentStep(&model, &optimizer) })
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
        contrasting.contrasts = [ContrastTerm("stage2")]
        let controllers: [any DataController] = [
            ClassController(threshold: 0.95), HardnessController(.stronger(upTo: 1.3)),
        ]
        for (name, distiller, controllers) in [
            ("a run", Distiller(teacher: teacher), []),
            ("a run with controllers", Distiller(teacher: teacher), controllers),
            ("a run with dynamics", dynamic, controllers), ("a run with a contrast", contrasting, []),
        ] as [(String, Distiller, [any DataController])] {
            // In turn, so that what else the machine does meets both.
            let shares = try (0..<Self.rounds).map { _ -> Double in
                let start = Date()
                for _ in 0..<Self.steps { bareStep(&model, &optimizer) }
                let bare = Date().timeIntervalSince(start)
                return (try time(distiller, controllers, normalization) / bare - 1) * 100
            }.sorted()
            print(
                "beyond them: \(name)".padding(toLength: 34, withPad: " ", startingAt: 0)
                    + String(
                        format: "              %5.2f %%  (%.2f – %.2f, the middle half)", shares[Self.rounds / 2],
                        shares[Self.rounds / 4], shares[Self.rounds * 3 / 4]))
        }
    }

    private static let rounds = 11
    private static let steps = 40

    /// Seconds that so many steps of a run without augmentation take, epochs' ends among them, after the first twenty.
    private func time(
        _ distiller: Distiller, _ controllers: [any DataController], _ normalization: Normalization
    ) throws -> Double {
        var student = student
        // One validation image: validation is not what is measured.
        let data = TrainingData(
            labelled: digits.train, validation: digits.validation.subset([0]), normalization: normalization,
            controllers: controllers)
        let begin = Mutex(Date())
        let plan = TrainingPlan(steps: 20 + Self.steps, stepsPerEpoch: 20, batchSize: batch)
        _ = try distiller.fit(
            &student, on: data, plan: plan,
            progress: { progress in
                if progress.step == 20 { begin.withLock { $0 = Date() } }
            })
        return Date().timeIntervalSince(begin.withLock { $0 })
    }
}

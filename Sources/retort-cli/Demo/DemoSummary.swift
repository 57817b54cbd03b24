import Foundation
import Retort

/// Turns the runs of a demo into its report, and saves the first run's models.
struct DemoSummary {
    let report: DemoReport
    /// The augmented images of the contact sheet, in its order.
    let views: ImageSet

    init(_ runs: [DemoRun], threads: Int, start: Date, models folder: URL) throws {
        guard let first = runs.first else { fatalError("DemoSummary: no runs") }
        let sizes = try first.save(to: folder)
        var arms: [DemoReport.ArmFigures] = []
        for arm in Arm.allCases {
            guard let row = try Self.figures(arm, runs, first, bytes: sizes[arm] ?? 0) else { continue }
            arms.append(row)
        }
        let (samples, views) = try Self.contactSheet(first)
        self.views = views
        report = DemoReport(
            dataset: first.data.name, classNames: first.data.train.classNames, seeds: runs.map(\.seed),
            threads: threads, processor: "\(SIMDLevel.active)", labels: first.data.labelled.count,
            strength: first.settings.strength, studentSteps: first.settings.studentSteps,
            teacherSteps: first.settings.teacherSteps, wallSeconds: Date().timeIntervalSince(start), arms: arms,
            operations: first.policy.singleOperations.map(\.name), contactSheet: samples)
    }

    private static func figures(
        _ arm: Arm, _ runs: [DemoRun], _ first: DemoRun, bytes: Int
    ) throws -> DemoReport.ArmFigures? {
        func trained(_ run: DemoRun) -> DemoModel? {
            run.models[arm] ?? run.models[run.origin(of: arm)]
        }
        guard let model = trained(first) else { return nil }
        let tests = runs.compactMap { $0.test(of: arm) }
        let origin = first.origin(of: arm)
        return DemoReport.ArmFigures(
            name: arm.rawValue, from: origin == arm ? nil : origin.rawValue,
            accuracy: .init(tests.map { $0.accuracy * 100 }),
            validation: .init(runs.compactMap { trained($0) }.map { $0.validationAccuracy * 100 }),
            parameters: model.network.parameterCount, bytes: bytes, imagesPerSecond: try first.throughput(of: arm),
            confusion: tests.first?.confusion ?? [],
            epochs: first.models[arm] == nil
                ? []
                : model.history.epochs.enumerated().map { number, epoch in
                    EpochFigures(epoch, rejections: number < model.rejections.count ? model.rejections[number] : [])
                })
    }

    /// Augmented views of training images of every class, with what teacher and best student make of them.
    private static func contactSheet(_ run: DemoRun) throws -> (samples: [DemoReport.Sample], views: ImageSet) {
        let places = run.data.train.placesByClass.flatMap { $0.prefix(max(1, 40 / run.data.train.classCount)) }
        let images = try run.data.train.subset(Array(places.prefix(40))).loaded()
        let raw = RawBatch(images: images, seed: run.seed, epoch: 0)
        let batch = run.policy(raw, normalization: run.data.normalization)
        guard let teacher = run.models[.teacher]?.network, let student = run.models[run.best]?.network else {
            return ([], images)
        }
        let readings = (
            DemoReport.Reading.all(teacher.predict(batch.inputs)), DemoReport.Reading.all(student.predict(batch.inputs))
        )
        let samples = batch.labels.indices.map { row in
            DemoReport.Sample(
                sampleID: batch.sampleIDs[row], label: batch.labels[row] ?? -1, teacher: readings.0[row],
                student: readings.1[row])
        }
        return (samples, run.policy.images(raw))
    }
}

import Foundation
import Retort

/// Trains what is missing of an experiment's runs, one after the other.
///
/// Holds one data set at a time; networks, splits and the buffers that they used are let go with each run, so memory
/// does not grow with their number.
struct SynergyRun {
    let store: SynergyStore
    /// The folder that holds the data sets.
    let root: URL?
    private var loaded: (data: SynergyData, images: DividedData, fingerprint: String)?

    init(store: SynergyStore, root: URL?) {
        self.store = store
        self.root = root
    }

    /// The runs of which there is no result yet.
    ///
    /// - Throws: `FormatError` for a stored result that is damaged or was got otherwise, before anything is trained.
    mutating func missing(_ cells: [SynergyCell]) throws -> [SynergyCell] {
        var done: Set<SynergyCell> = []
        for data in SynergyData.allCases.reversed() {
            for cell in cells where cell.data == data {
                if try store.result(of: cell, settings: settings(of: cell)) != nil { done.insert(cell) }
            }
        }
        return cells.filter { !done.contains($0) }
    }

    /// Trains a run, unless another process did so meanwhile; shows its progress on a terminal.
    mutating func run(_ cell: SynergyCell, title: String) throws -> SynergyResult {
        let settings = try settings(of: cell)
        if let result = try store.result(of: cell, settings: settings) { return result }
        let teacher = try cell.teacher.map { try network(of: $0) }
        let images = try images(cell.data).images
        let start = Date()
        let data = try PartlyLabelledData(images, labels: cell.labels, seed: cell.seed)
        let training = StudentTraining(
            cell.arm.method, on: data.labelled, of: data, policy: cell.data.policy.scaled(by: cell.strength ?? 1),
            teacher: teacher, seed: cell.seed)
        var student = try cell.data.network(cell.data.student, for: data.train, seed: cell.seed)
        let history = try Self.fit(
            &student, training, .experiment(steps: cell.steps, seed: cell.seed), title: "\(title) \(cell.arm.rawValue)")
        let test = try student.evaluated(on: data.test, normalization: data.normalization)
        let result = SynergyResult(
            cell: cell, settings: settings, right: test.right, images: data.test.count, loss: test.loss,
            validationAccuracy: history.validationAccuracy ?? 0, seconds: Date().timeIntervalSince(start),
            threads: Parallel.threads)
        try store.write(result)
        StoragePool.trim()
        return result
    }

    /// A teacher, trained now where it was not yet.
    private mutating func network(of teacher: SynergyTeacher) throws -> any Module {
        let (images, fingerprint) = try images(teacher.data)
        let data = try PartlyLabelledData(images, labels: teacher.labels, seed: teacher.seed)
        let settings = try teacher.settings(images: fingerprint)
        if let network = try store.teacher(teacher, settings: settings) { return network }
        let start = Date()
        var network = try teacher.data.network(teacher.data.teacher, for: data.train, seed: teacher.seed)
        let training = StudentTraining(
            teacher.method, on: data.labelled, of: data, policy: teacher.data.policy.scaled(by: teacher.strength ?? 1),
            seed: teacher.seed)
        _ = try Self.fit(
            &network, training, .experiment(steps: teacher.steps, seed: teacher.seed), title: "teacher")
        let test = try network.evaluated(on: data.test, normalization: data.normalization)
        let seconds = Date().timeIntervalSince(start)
        try store.write(
            teacher,
            ModelFile(
                network, inputShape: data.train.size.shape,
                description: .init(
                    architecture: teacher.data.teacher, normalization: data.normalization,
                    classNames: data.train.classNames)),
            settings: settings, test: test, seconds: seconds)
        ProgressBar.say(
            "teacher \(teacher.name): test \(fixed(test.accuracy * 100, 2)) %, \(fixed(seconds, 0)) s")
        return network
    }

    private static func fit(
        _ network: inout some Module, _ training: StudentTraining, _ plan: TrainingPlan, title: String
    ) throws -> History {
        guard let bar = ProgressBar.onTerminal(title) else {
            return try training.fit(&network, plan: plan, progress: nil)
        }
        return try training.fit(&network, plan: plan) { bar.update($0) }
    }

    private mutating func settings(of cell: SynergyCell) throws -> [String: String] {
        try cell.settings(images: images(cell.data).fingerprint)
    }

    private mutating func images(_ data: SynergyData) throws -> (images: DividedData, fingerprint: String) {
        if let loaded, loaded.data == data { return (loaded.images, loaded.fingerprint) }
        loaded = nil
        let images = try data.read(from: root)
        let fingerprint = images.fingerprint
        loaded = (data, images, fingerprint)
        return (images, fingerprint)
    }
}

extension ClassReport {
    /// Images that were classified correctly.
    fileprivate var right: Int { confusion.indices.reduce(0) { $0 + confusion[$1][$1] } }
}

import ArgumentParser
import Foundation
import Retort

/// `retort augment cost`.
struct CostCommand: ParsableCommand, FileOptions, WholeNumberOptions {
    static let configuration = CommandConfiguration(
        commandName: "cost",
        abstract: "Predicts what a policy costs on this machine, measures it, and fits it to a budget.",
        discussion: "All times are of one thread. Without --calibration every operation is measured first, in seconds.")

    @OptionGroup var policy: PolicyOptions
    @OptionGroup var common: CommonOptions

    @Option(help: "Side of the square images in pixels.")
    var imageSize = 32

    @Option(help: "Channels of the images.")
    var channels = 3

    @Option(help: ArgumentHelp("Calibration to predict by; is written if it does not exist.", valueName: "FILE.json"))
    var calibration: String?

    @Option(help: ArgumentHelp("Make the policy cheap enough for so many microseconds an image.", valueName: "µs"))
    var budget: Double?

    @Option(help: ArgumentHelp("File for the policy that fits the budget.", valueName: "FILE.json"))
    var out: String?

    func validate() throws {
        if let budget { try checkOption("budget", budget, 0...1e9) }
        guard out == nil || budget != nil else {
            throw ValidationError("--out: gets the policy that fits a --budget; add --budget µs, or leave it out")
        }
    }

    static let wholeNumbers = ["image-size": WholeNumber.Range(1...2048), "channels": .init(1...4)]

    var files: [NamedFile] {
        let table = calibration.map { path in
            NamedFile("--calibration", path, FileManager.default.fileExists(atPath: path) ? .read : .written)
        }
        return [table, out.map { NamedFile("--out", $0, .written) }].compactMap { $0 }
    }

    /// The policy within a budget.
    ///
    /// - Throws: `ConfigurationError` for a budget that no policy keeps to.
    private func fitting(
        _ policy: AugmentationPolicy, to budget: Double, _ size: (height: Int, width: Int), _ costs: OperationCosts
    ) throws -> FittedPolicy {
        do {
            return try policy.fitting(budget: budget, imageSize: size, by: costs, channels: channels)
        } catch let fault where fault.file == "budget" {
            throw ConfigurationError(["budget"], fault.problem)
        }
    }

    func run() throws {
        common.apply()
        let policy = try policy.read()
        let costs = try costs(for: policy)
        let size = (height: imageSize, width: imageSize)
        let predicted = try policy.cost(imageSize: size, by: costs, channels: channels)
        let fitted = try budget.map { try fitting(policy, to: $0, size, costs) }
        if let out, let fitted { try AtomicFile.write(fitted.policy.json, to: URL(fileURLWithPath: out)) }
        try CostResult(
            imageSize: imageSize, predicted: predicted, measured: measured(policy), fitted: fitted,
            fittedMeasured: fitted.map { measured($0.policy) }
        ).show(asJSON: common.json)
    }

    private func costs(for policy: AugmentationPolicy) throws -> OperationCosts {
        guard let calibration else {
            StandardStream.say("measuring the operations; --calibration FILE keeps what was measured")
            return OperationCosts.calibrated(channels: channels, for: policy)
        }
        let url = URL(fileURLWithPath: calibration)
        if FileManager.default.fileExists(atPath: url.path) {
            return try OperationCosts(json: InputFile.read(url), file: calibration)
        }
        let costs = OperationCosts.calibrated(channels: channels, for: policy)
        try AtomicFile.write(costs.json, to: url)
        return costs
    }

    private func measured(_ policy: AugmentationPolicy) -> Double {
        policy.microsecondsOnNoise(side: imageSize, channels: channels, seed: common.seed)
    }
}

/// What `augment cost` prints; times are in microseconds for an image on one thread.
private struct CostResult: CommandResult {
    struct Part: Encodable {
        let place, operation: String
        let microseconds: Double
    }

    let imageSize: Int
    let predicted, measured: Double
    let plain: Double
    let operations: [Part]
    let changes: [String]?
    let fitted, fittedMeasured: Double?

    init(
        imageSize: Int, predicted: PolicyCost, measured: Double, fitted: FittedPolicy?, fittedMeasured: Double?
    ) {
        self.imageSize = imageSize
        self.predicted = predicted.microseconds
        self.measured = measured
        plain = predicted.plain
        operations = predicted.parts.map {
            Part(place: $0.place, operation: $0.operation, microseconds: $0.microseconds)
        }
        changes = fitted.map { $0.changes.map(\.description) }
        self.fitted = fitted?.cost.microseconds
        self.fittedMeasured = fittedMeasured
    }

    var text: String {
        let ratio = (predicted / measured - 1) * 100
        var lines = [
            "\(imageSize)×\(imageSize): \(fixed(predicted, 2)) µs predicted, \(fixed(measured, 2)) µs measured (the "
                + "prediction is \(fixed(abs(ratio), 0)) % too \(ratio < 0 ? "low" : "high"))",
            "  normalisation alone  \(fixed(plain, 2)) µs",
        ]
        lines += operations.map { "  \($0.place) \($0.operation)  \(fixed($0.microseconds, 2)) µs" }
        if let changes, let fitted, let fittedMeasured {
            lines.append("fitted: \(fixed(fitted, 2)) µs predicted, \(fixed(fittedMeasured, 2)) µs measured")
            lines += changes.map { "  \($0)" }
        }
        return lines.joined(separator: "\n")
    }
}

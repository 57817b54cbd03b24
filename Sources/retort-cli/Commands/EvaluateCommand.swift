import ArgumentParser
import Foundation
import Retort

/// `retort evaluate`.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Tests a model, FP32 or INT8, on the test images of a data set.")

    @Argument(help: "Model, FP32 or INT8, or an ONNX file.")
    var model: String

    @OptionGroup var data: DataOptions
    @OptionGroup var importing: ImportOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        common.apply()
        let stored = try importing.open(model)
        let data = try data.read(for: stored)
        try EvaluationResult(stored.evaluated(on: data.test), model: model, data: data).show(asJSON: common.json)
    }
}

/// What `evaluate` prints; shares are in percent.
private struct EvaluationResult: CommandResult {
    struct ClassResult: Encodable {
        let name: String
        let images: Int
        /// Nil for a class without images.
        let accuracy, loss: Double?
    }

    let model, data: String
    let notes: DataNotes
    let images: Int
    let accuracy, loss: Double
    let classes: [ClassResult]
    /// `confusion[actual][predicted]` counts images, in the order of `classes`.
    let confusion: [[Int]]

    init(_ report: ClassReport, model: String, data: DividedData) {
        self.model = model
        (self.data, notes) = (data.name, data.notes)
        images = data.test.count
        accuracy = 100 * report.accuracy
        loss = report.loss
        confusion = report.confusion
        let accuracies = report.classAccuracies
        classes = data.test.classNames.enumerated().map { place, name in
            ClassResult(
                name: name, images: report.classCounts[place],
                accuracy: accuracies[place].map { 100 * $0 },
                loss: accuracies[place].map { _ in report.classLosses[place] })
        }
    }

    var text: String {
        let width = classes.map(\.name.shown.columns).max() ?? 0
        let lines = classes.enumerated().map { place, result in
            let name = result.name.shown.padded(toColumns: width)
            let share = result.accuracy.map { fixed($0, 1) + " %" } ?? "none"
            return "\(name)  \(result.images.counted("image"))  \(share)\(mistakes(place))"
        }
        let tested = images.counted("test image")
        return """
            \(model) on \(tested) of \(data): accuracy \(fixed(accuracy, 2)) %, loss \(lossText(loss))
            \(lines.joined(separator: "\n"))\(notes.ending)
            """
    }

    /// What a class is taken for, the three most frequent of them.
    private func mistakes(_ actual: Int) -> String {
        let wrong = confusion[actual].enumerated().filter { $0.offset != actual && $0.element > 0 }
            .sorted { ($1.element, $0.offset) < ($0.element, $1.offset) }.prefix(3)
        guard !wrong.isEmpty else { return "" }
        return "  taken for " + wrong.map { "\(classes[$0.offset].name.shown): \($0.element)" }.joined(separator: ", ")
    }
}

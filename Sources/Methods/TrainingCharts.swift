import Reports

/// Charts of what happened in a training over its epochs, as HTML: its schedules, the terms of its loss, how it shared
/// out samples and operations, and what the teacher rejected.
public struct TrainingCharts {
    private let epochs: [EpochFigures]
    private let classNames: [String]
    private let operations: [String]

    /// Puts charts together.
    ///
    /// - Parameters:
    ///   - epochs: the training's epochs in their order.
    ///   - classNames: what the classes are called.
    ///   - operations: the names of the policy's operations in their order.
    public init(_ epochs: [EpochFigures], classNames: [String], operations: [String]) {
        self.epochs = epochs
        self.classNames = classNames
        self.operations = operations
    }

    /// The charts, for the body of a `ReportPage`.
    public var html: String {
        schedules + terms + classes + ClassDecisionTables(classNames: classNames, epochs: epochs).html + factors
            + rejections
    }

    private var schedules: String {
        LineChart(
            title: "Schedules and steering", unit: "T, λ and a factor",
            series: [
                .init(
                    name: "temperature T", colour: 0, values: epochs.compactMap { $0.temperature.map(Double.init) }),
                .init(
                    name: "weight of the hard labels λ", colour: 2,
                    values: epochs.compactMap { $0.hardLabelWeight.map(Double.init) }),
                .init(name: "mean strength of geometry", colour: 4, values: epochs.map { Double($0.strength) }),
            ]
        ).html
    }

    /// What the loss is made of: the labels, the teacher's outputs, and a hint for each stage that is matched.
    private var terms: String {
        let names = Set(epochs.flatMap(\.terms.keys)).sorted()
        let series = names.enumerated().map { index, name in
            LineChart.Series(
                name: name, colour: index % 10, values: epochs.map { $0.terms[name].map(Double.init) ?? .nan })
        }
        return LineChart(
            title: "Terms of the loss in each epoch's last step", unit: "nats, powers of ten", series: series,
            isLogarithmic: true
        ).html
    }

    private var classes: String {
        let even = [Double](repeating: 100 / Double(max(classNames.count, 1)), count: classNames.count)
        let probabilities = epochs.map { $0.classProbabilities.map { $0.map { $0 * 100 } } ?? even }
        let shares = classNames.enumerated().map { index, name in
            LineChart.Series(name: name, colour: index % 10, values: probabilities.map { $0[index] })
        }
        return LineChart(title: "Probability of drawing each class", unit: "percent", series: shares).html
    }

    /// Factors by step of the policy, as means over the classes; the policies of the demo have a group as their only
    /// step that is none, which goes by its number.
    private var factors: String {
        let steps = epochs.compactMap { $0.stepFactors?.first?.count }.first ?? 0
        let series = (0..<steps).map { step in
            LineChart.Series(
                name: steps == operations.count ? operations[step] : "step \(step + 1)",
                colour: step % 10,
                values: epochs.map { epoch in
                    guard let factors = epoch.stepFactors, !factors.isEmpty else { return 1 }
                    return factors.reduce(0) { $0 + $1[step] } / Double(factors.count)
                })
        }
        return LineChart(
            title: "Factor on the probability of each step of the policy", unit: "mean over the classes",
            series: series
        ).html
    }

    private var rejections: String {
        let series = operations.enumerated().map { index, name in
            LineChart.Series(name: name, colour: index % 10, values: epochs.compactMap { $0.rejected?[index] })
        }
        return LineChart(
            title: "Views with each operation that the teacher could not read", unit: "percent", series: series
        ).html
    }
}

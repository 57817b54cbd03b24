import Foundation
import Retort

/// A deployment report as one file that needs nothing else.
struct DeploymentPage {
    let report: DeploymentReport

    /// What is written.
    static let files = ["report.json", "report.html"]

    /// The folder is created if it is missing, and gets both files.
    func write(to folder: URL) throws {
        try OutputFile.prepareFolder(folder)
        let contents = [Data((try jsonText(report) + "\n").utf8), Data(html.utf8)]
        try AtomicFile.write(zip(contents, Self.files).map { ($0, folder.appendingPathComponent($1)) })
    }

    private var html: String {
        ReportPage(
            title: report.output,
            body: """
                \(heading)
                \(ReportPage.table([DeploymentVariant.header] + report.variants.map(\.cells)))
                <p class="note">\(escaped(DeploymentVariant.legend)). Accuracy is of the test images, images a second are
                in batches of 250; \(report.threads.counted("thread")), \(escaped(report.processor)).
                \(report.forecast.map { escaped($0) + "." } ?? "")</p>
                <h2>What accuracy costs</h2>
                <p>The line is the Pareto front: it joins the variants that no other one beats in both. Variants more than
                20 points below the best are left out.</p>
                \(chart("Accuracy and size", "kilobytes") { Double($0.bytes) / 1000 })
                \(chart("Accuracy and latency", "milliseconds for one image, median") { $0.medianLatency })
                \(sensitivities)
                <h2>What rounding does to each layer</h2>
                <p>\(escaped(DeploymentReport.layerLegend)). Each layer has the errors of all before it; one bit is worth
                6 dB. Where it falls, the next layer is sensitive.</p>
                \(ReportPage.table([DeploymentReport.layerHeader] + report.layerCells))
                \(report.warning.map { "<p>Warning: \(escaped($0)).</p>" } ?? "")
                """
        ).html
    }

    /// What a picture can tell apart.
    private var shown: [DeploymentVariant] {
        let best = report.variants.map(\.accuracy).max() ?? 0
        return report.variants.filter { $0.accuracy >= best - 20 }
    }

    private var heading: String {
        guard let first = report.variants.first, let last = report.writtenVariant else { return "" }
        let (size, time) = (
            Double(last.bytes) / Double(first.bytes), first.medianLatency / max(last.medianLatency, 1e-9)
        )
        return """
            <h1>\(fixed(last.accuracy, 1)) % in \(last.bytes.bytesInTables) of weights</h1>
            <p class="lead">\(escaped(URL(fileURLWithPath: report.model).lastPathComponent)) on \(escaped(report.data)):
            \(fixed(first.accuracy, 2)) % before, \(fixed(last.accuracy, 2)) % as <b>\(escaped(last.name)),
            \(last.type)</b>, with \(percent(size)) of the weights' size and \(fixed(time, 1)) times the speed for a single
            image.</p>
            """
    }

    private var sensitivities: String {
        guard !report.sensitivities.isEmpty else { return "" }
        return """
            <h2>How much each layer can spare</h2>
            <p>Validation accuracy when a share of one layer's filters is cut and nothing is trained.</p>
            \(ReportPage.table(report.sensitivityRows))
            """
    }

    private func chart(_ title: String, _ unit: String, _ cost: (DeploymentVariant) -> Double) -> String {
        func point(_ variant: DeploymentVariant) -> IntervalChart.Point {
            .init(x: cost(variant), mean: variant.accuracy, interval: nil)
        }
        let ticks = LineChart.ticks(0...max(shown.map(cost).max() ?? 1, 1e-9))
        let decimals = LineChart.decimals(ticks)
        let chart = IntervalChart(
            title: title, xTitle: unit, yTitle: "test accuracy, %", marks: ticks.map { ($0, fixed($0, decimals)) },
            series: [.init(name: "Pareto front", points: shown.front(cost).map(point))]
                + shown.map { .init(name: "\($0.name), \($0.type)", points: [point($0)]) },
            isSpread: false)
        return "<figure>\(chart.svg)</figure>"
    }
}

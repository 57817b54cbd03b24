import Foundation
import Retort

/// The demo's report as a page.
struct DemoPage {
    let report: DemoReport
    let views: ImageSet

    /// The whole page.
    func html() throws -> String {
        ReportPage(
            title: "Retort: \(report.dataset)",
            body: """
                \(heading)
                \(table)
                \(curves)
                <h2>What the augmented images look like, and how they are read</h2>
                <p>Views drawn by the policy from training images. Under each: its class, what the teacher reads and
                what the best student reads, with the probability that they give it. Wrong readings are marked.</p>
                \(try contactSheet())
                \(confusion)
                \(protocolText)
                """
        ).html
    }

    private func arm(_ name: Arm) -> DemoReport.ArmFigures? { report.arms.first { $0.name == name.rawValue } }

    private var heading: String {
        guard let int8 = arm(.prunedInt8), let student = arm(.student), let pruned = arm(.pruned) else {
            return "<h1>Retort</h1>"
        }
        return """
            <h1>\(fixed(int8.accuracy.mean, 1)) % from \(report.labels) labels, \
            in \(int8.bytes.bytesInTables)</h1>
            <p class="lead">\(escaped(report.dataset)): a student that learns from \(report.labels) labels alone reaches
            \(fixed(student.accuracy.mean, 1)) %. The arm <b>\(escaped(pruned.from ?? ""))</b>, chosen on validation
            data, pruned to half of its multiply-adds, fine-tuned with distillation and stored as int8, reaches
            \(fixed(int8.accuracy.mean, 1)) % on the same test images.</p>
            """
    }

    private var table: String {
        let head = DemoReport.tableHeader.map { "<th scope='col'>\($0)</th>" }.joined()
        let rows = report.arms.map { arm in
            let cells = arm.cells(seeds: report.seeds.count)
            let bar = "<span class='bar' style='width:\(fixed(arm.accuracy.mean * 0.9, 1))%'></span>"
            return "<tr><th scope='row'>\(escaped(cells[0]))</th><td class='barred'>\(bar)<span>\(cells[1])</span></td>"
                + cells.dropFirst(2).map { "<td>\($0)</td>" }.joined() + "</tr>"
        }.joined(separator: "\n")
        let spread = report.seeds.count > 1 ? "Mean ± sample standard deviation over \(report.seeds.count) seeds. " : ""
        return """
            <div class="scroll"><table class="arms"><thead><tr>\(head)</tr></thead><tbody>
            \(rows)
            </tbody></table></div>
            <p class="note">Accuracy on the test images, read once for each network. \(spread)Speed in batches of 250,
            \(report.threads.counted("thread")), \(escaped(report.processor)).</p>
            """
    }

    private var curves: String {
        let trained = report.arms.filter { !$0.epochs.isEmpty }
        func chart(
            _ title: String, _ unit: String, bounds: ClosedRange<Double>? = nil, isLogarithmic: Bool = false,
            _ value: (EpochFigures) -> Double?
        ) -> String {
            LineChart(
                title: title, unit: unit,
                series: trained.enumerated().map { index, arm in
                    .init(name: arm.name, colour: index, values: arm.epochs.compactMap(value))
                }.filter { !$0.values.isEmpty }, bounds: bounds, isLogarithmic: isLogarithmic
            ).html
        }
        return "<h2>Training</h2>"
            + chart("Accuracy on validation data", "percent", bounds: 50...100) { $0.validationAccuracy }
            + chart("Loss on validation data (cross-entropy)", "nats, powers of ten", isLogarithmic: true) {
                $0.validationLoss
            }
            + chart("Training loss (each arm's own)", "nats, powers of ten", isLogarithmic: true) { $0.loss }
            + chart("Agreement with the teacher", "percent of the validation images", bounds: 50...100) {
                $0.teacherAgreement
            }
            + closedLoop
    }

    private var closedLoop: String {
        guard let loop = arm(.closedLoop) else { return "" }
        return "<h2>The closed loop</h2>"
            + TrainingCharts(loop.epochs, classNames: report.classNames, operations: report.operations).html
    }

    private func contactSheet() throws -> String {
        let items = try report.contactSheet.enumerated().map { index, sample in
            let data = try PNGFile.encoded(views.image(index)).base64EncodedString()
            func reading(_ name: String, _ reading: DemoReport.Reading) -> String {
                let mark = reading.choice == sample.label ? "" : " class='wrong'"
                return "<span\(mark)>\(name) \(escaped(report.classNames[reading.choice])) "
                    + "<small>\(fixed(Double(reading.probability) * 100, 0)) %</small></span>"
            }
            let name = report.classNames[sample.label]
            return "<li><img alt='an augmented \(escaped(name))' src='data:image/png;base64,\(data)'>"
                + "<b>\(escaped(name))</b>\(reading("T", sample.teacher))\(reading("S", sample.student))</li>"
        }
        return "<ul class='sheet'>\(items.joined(separator: "\n"))</ul>"
    }

    private var confusion: String {
        guard let int8 = arm(.prunedInt8) else { return "" }
        let names = report.classNames.map { "<th scope='col'>\(escaped($0))</th>" }.joined()
        let rows = int8.confusion.enumerated().map { actual, row in
            let total = max(1, row.reduce(0, +))
            let cells = row.enumerated().map { predicted, count in
                let share = Double(count) / Double(total)
                let kind = actual == predicted ? "right" : "off"
                let strength = count == 0 ? 0 : actual == predicted ? 0.15 + 0.6 * share : min(0.9, 0.2 + 4 * share)
                return "<td class='\(kind)' style='--a:\(fixed(strength, 2))'>\(count == 0 ? "·" : String(count))</td>"
            }.joined()
            return "<tr><th scope='row'>\(escaped(report.classNames[actual]))</th>\(cells)</tr>"
        }.joined(separator: "\n")
        return """
            <h2>What the pruned INT8 model confuses</h2>
            <p>Test images of the first seed: rows are what an image shows, columns what the model reads.</p>
            <div class="scroll"><table class="confusion"><thead><tr><td></td>\(names)</tr></thead>
            <tbody>\(rows)</tbody></table></div>
            """
    }

    private var protocolText: String {
        """
        <h2>How this was made</h2>
        <p>Teacher: ConvNet(32), \(report.teacherSteps) steps on all labelled training images with augmentation; it
        stands for one trained elsewhere. Students: ConvNet(16), \(report.studentSteps) steps; they know
        \(report.labels) labels. Batch 64, SGD with Nesterov momentum 0.9, weight decay 5·10⁻⁴, rate up to 0.2, then
        down a cosine. Distilled: λ = 0.1, T = 4. Closed loop: λ falls from 0.9 to 0.1 along a cosine, T from 3 to 1 in
        a line; classes under 97 % on validation data are drawn more often, hard samples get stronger geometry. Judge:
        views of which the teacher keeps less than half its confidence are redrawn, at most three times, and operations
        that a class half knows become more probable for it. Pruned: filters of the least weight are cut, in eights,
        until half of the multiply-adds are left, and the rest is trained again as the chosen arm was, under the
        teacher. Strength of augmentation: \(report.strength). Seeds:
        \(report.seeds.map(String.init).joined(separator: ", ")). Curves, pictures and confusions are of the first seed.
        \(ProgressBar.clock(report.wallSeconds)) minutes in all. Every figure is in <code>report.json</code>.</p>
        """
    }
}

import Foundation
import Retort

/// What an experiment found, as a page of markdown.
struct SynergyTables {
    let findings: [SynergyFindings]
    /// Names of the pictures, in a folder beside the page.
    let pictures: [String]
    let folder: String

    var page: String {
        """
        <!-- Written by `make synergy` from stored results; changes here are lost. -->
        # Synergy: the figures

        Test accuracy in percent, mean ± sample standard deviation over the seeds; in brackets 95 % confidence intervals
        of the mean (Student's t), for differences and interactions over the differences within each seed. n counts
        seeds. What the arms are, and what an interaction is, is in [synergy.md](synergy.md); the single runs are in
        [runs.csv](\(folder)/runs.csv).

        ## Overview

        \(overview)

        ## Pictures

        \(pictures.map { "![\($0.dropLast(4))](\(folder)/\($0))" }.joined(separator: "\n\n"))

        ## Each setting

        \(findings.map(section).joined(separator: "\n\n"))

        """
    }

    private var overview: String {
        Self.table(
            ["setting", "CE", "+Aug", "+KD", "both", "n", "interaction, points", "interaction, log error", "together"],
            findings.map { one in
                [one.setting.title]
                    + SynergyArm.core.map { arm in
                        one.rows.first { $0.arm == arm }.map { fixed($0.accuracy.mean, 2) } ?? "–"
                    } + [
                        "\(one.logInteraction.values.count)", Self.signed(one.interaction),
                        Self.signed(one.logInteraction), one.verdict,
                    ]
            })
    }

    private func section(_ one: SynergyFindings) -> String {
        let arms = Self.table(
            ["arm", "accuracy", "95 % interval", "n"],
            one.rows.map { row in
                let figure = row.accuracy
                return [
                    row.arm.title, fixed(figure.mean, 2) + (figure.values.count > 1 ? " ± \(fixed(figure.sd, 2))" : ""),
                    figure.interval.map { "\(fixed($0.lowerBound, 2)) to \(fixed($0.upperBound, 2))" } ?? "–",
                    "\(figure.values.count)",
                ]
            })
        let differences =
            one.differences.map { [$0.name + ", points", Self.signed($0.points), "\($0.points.values.count)"] }
            + [
                ["interaction, points", Self.signed(one.interaction), "\(one.interaction.values.count)"],
                ["interaction, log error", Self.signed(one.logInteraction), "\(one.logInteraction.values.count)"],
            ]
        return "### \(one.setting.title)\n\n\(arms)\n\n"
            + Self.table(["within each seed", "mean (95 % interval)", "n"], differences)
    }

    /// A mean with its interval; signs are shown.
    private static func signed(_ figure: Figure) -> String {
        func text(_ value: Double) -> String {
            let digits = fixed(abs(value), 2)
            return (digits == "0.00" ? "" : value < 0 ? "−" : "+") + digits
        }
        guard !figure.values.isEmpty else { return "–" }
        let interval = figure.interval.map { " (\(text($0.lowerBound)) to \(text($0.upperBound)))" } ?? ""
        return text(figure.mean) + interval
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> String {
        let rule = head.indices.map { $0 == 0 ? "---" : "---:" }
        return ([head, rule] + rows).map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
    }
}

extension SynergyFindings {
    /// What the interval of the log interaction allows to say.
    var verdict: String {
        guard let interval = logInteraction.interval else { return "–" }
        if interval.lowerBound > 0 { return "more than the product" }
        return interval.upperBound < 0 ? "less than the product" : "not told apart"
    }
}

extension SynergyResults {
    /// One line a run.
    var csv: String {
        let head =
            "data,labels,steps,arm,strength,teacher labels,teacher steps,teacher strength,teacher seed,seed,right,"
            + "images,loss,validation accuracy,seconds,threads"
        let lines = all.map { run in
            let cell = run.cell
            let teacher = cell.teacher.map {
                [$0.labels.map(String.init) ?? "all", "\($0.steps)", $0.strength.map(shortest) ?? "", "\($0.seed)"]
            }
            let fields: [String] =
                [
                    cell.data.rawValue, cell.labels.map(String.init) ?? "all", "\(cell.steps)", cell.arm.rawValue,
                    cell.strength.map(shortest) ?? "",
                ] + (teacher ?? ["", "", "", ""]) + [
                    "\(cell.seed)", "\(run.right)", "\(run.images)", fixed(run.loss, 4),
                    fixed(run.validationAccuracy, 4), fixed(run.seconds, 1), "\(run.threads)",
                ]
            return fields.joined(separator: ",")
        }
        return ([head] + lines).joined(separator: "\n") + "\n"
    }
}

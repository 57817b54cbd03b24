import Foundation
import Retort

/// The pictures of an experiment: how the interaction depends on each quantity that settings differ in alone, and what
/// error each arm makes.
struct SynergyPlots {
    let findings: [SynergyFindings]

    /// Pictures by the names of their files; none where there is nothing to compare.
    var files: [(name: String, svg: String)] {
        let plots: [(String, IntervalChart?)] = [
            ("strength", strength), ("labels", labels), ("steps", steps), ("teacher", teacher), ("core-arms", coreArms),
            ("all-arms", allArms),
        ]
        return plots.compactMap { name, chart in chart.map { ("\(name).svg", $0.svg) } }
    }

    private var strength: IntervalChart? {
        chart(
            "Interaction by strength of the augmentation", axis: "factor on the ranges of the policy",
            by: { ($0.strength, shortest($0.strength)) }, without: { $0.strength = 0 })
    }

    private var labels: IntervalChart? {
        chart(
            "Interaction by number of labels", axis: "labels that the student knows",
            by: { (log($0.labels.map(Double.init) ?? 55_000), $0.labelsTitle) }, without: { $0.labels = 0 })
    }

    private var steps: IntervalChart? {
        chart(
            "Interaction by length of the schedule", axis: "training steps of the student",
            by: { (log(Double($0.steps)), grouped($0.steps)) }, without: { $0.steps = 0 })
    }

    private var teacher: IntervalChart? {
        chart(
            "Interaction by what the teacher knows", axis: "labels that the teacher learnt from",
            by: { setting in
                guard setting.sharesLabels else { return (2, "all") }
                return setting.teacherStrength == nil
                    ? (0, "the student's, as they are") : (1, "the student's, augmented")
            }, without: { ($0.sharesLabels, $0.teacherSteps, $0.teacherStrength) = (false, nil, 1) })
    }

    /// One series for the settings that are alike but for one quantity.
    ///
    /// - Parameters:
    ///   - place: where a setting stands on the axis, and what is written there.
    ///   - without: makes settings equal that differ in the quantity alone.
    private func chart(
        _ title: String, axis: String, by place: (SynergySetting) -> (Double, String),
        without: (inout SynergySetting) -> Void
    ) -> IntervalChart? {
        func key(_ setting: SynergySetting) -> SynergySetting {
            var setting = setting
            without(&setting)
            return setting
        }
        let measured = findings.filter { !$0.logInteraction.values.isEmpty }
        var keys: [SynergySetting] = []
        for one in measured where !keys.contains(key(one.setting)) { keys.append(key(one.setting)) }
        let families = keys.map { wanted in measured.filter { key($0.setting) == wanted } }
            .filter { family in Set(family.map { place($0.setting).0 }).count > 1 }
        guard !families.isEmpty else { return nil }
        var marks: [Double: String] = [:]
        for one in families.joined() { marks[place(one.setting).0] = place(one.setting).1 }
        let series = families.map { family in
            IntervalChart.Series(
                name: Self.name(family.map(\.setting)),
                points: family.map { one in
                    IntervalChart.Point(
                        x: place(one.setting).0, mean: one.logInteraction.mean, interval: one.logInteraction.interval)
                }.sorted { $0.x < $1.x })
        }
        return IntervalChart(
            title: title, xTitle: axis, yTitle: "ln(e_Aug · e_KD / (e_CE · e_both))",
            marks: marks.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }, series: series, marksZero: true)
    }

    /// What settings have in common.
    private static func name(_ settings: [SynergySetting]) -> String {
        func common(_ text: (SynergySetting) -> String) -> [String] {
            Set(settings.map(text)).count == 1 ? settings.prefix(1).map(text) : []
        }
        let teacher = common { $0.sharesLabels ? "teacher on the same" : "" }.filter { !$0.isEmpty }
        return
            (common(\.data.title) + common { "\($0.labelsTitle) labels" }
            + common { "strength \(shortest($0.strength))" }
            + common { "\(grouped($0.steps)) steps" } + teacher).joined(separator: ", ")
    }

    private var coreArms: IntervalChart? {
        arms("Error of the four core arms", SynergyArm.core, of: findings.filter { $0.setting.strength == 2 })
    }

    private var allArms: IntervalChart? {
        let more = findings.filter { $0.rows.contains { !SynergyArm.core.contains($0.arm) } }
        let arms = SynergyArm.allCases.filter { arm in more.contains { $0.rows.contains { $0.arm == arm } } }
        return self.arms("Error of every arm", arms, of: more)
    }

    /// Test errors, on an axis on which equal factors are equal lengths.
    private func arms(_ title: String, _ arms: [SynergyArm], of findings: [SynergyFindings]) -> IntervalChart? {
        guard !findings.isEmpty else { return nil }
        let series = findings.map { one in
            let points = one.rows.filter { arms.contains($0.arm) }.map { row in
                IntervalChart.Point(
                    x: Double(arms.firstIndex(of: row.arm) ?? 0), mean: 100 - row.accuracy.mean,
                    interval: row.accuracy.interval.map { 100 - $0.upperBound...100 - $0.lowerBound })
            }
            return IntervalChart.Series(name: one.setting.title, points: points)
        }
        return IntervalChart(
            title: title, xTitle: "arm", yTitle: "test error, percent",
            marks: arms.enumerated().map { (Double($0.offset), $0.element.title) }, series: series,
            isJoined: false, isLogarithmic: true)
    }
}

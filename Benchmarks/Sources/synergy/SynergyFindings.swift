import Foundation
import Retort

/// What the results of one setting say, as far as they are there.
struct SynergyFindings: Encodable {
    /// One arm.
    struct Row: Encodable {
        let arm: SynergyArm
        /// Test accuracy in percent, one value a seed.
        let accuracy: Figure
    }

    /// A difference of accuracies of the same seed, in points.
    struct Difference: Encodable {
        let name: String
        let points: Figure
    }

    let setting: SynergySetting
    let rows: [Row]
    let differences: [Difference]
    /// (both − KD) − (Aug − CE) of each seed, in points of accuracy.
    let interaction: Figure
    /// ln(error of Aug · error of KD / (error of CE · error of both)) of each seed.
    let logInteraction: Figure

    /// Compares the arms of a setting.
    init(_ setting: SynergySetting, in results: SynergyResults) {
        self.setting = setting
        let found = SynergyArm.allCases.map { arm in (arm, results.runs(of: arm, in: setting)) }.filter {
            !$0.1.isEmpty
        }
        rows = found.map { arm, runs in Row(arm: arm, accuracy: Figure(runs.map { 100 * $0.accuracy })) }
        let arms = Dictionary(uniqueKeysWithValues: found)

        /// The seeds that all of some arms have, one row of results a seed.
        func paired(_ names: [SynergyArm]) -> [[SynergyResult]] {
            let runs = names.map { arms[$0] ?? [] }
            return runs[0].compactMap { first in
                let row = runs.compactMap { $0.first { $0.cell.seed == first.cell.seed } }
                return row.count == names.count ? row : nil
            }
        }

        let extra = found.map(\.0).filter { !SynergyArm.core.contains($0) }.map { ($0, SynergyArm.both) }
        let pairs: [(SynergyArm, SynergyArm)] =
            [
                (.augmentation, .ce), (.distillation, .ce), (.both, .augmentation), (.both, .distillation),
            ] + extra
        differences = pairs.compactMap { first, second in
            let values = paired([first, second]).map { 100 * ($0[0].accuracy - $0[1].accuracy) }
            return values.isEmpty ? nil : Difference(name: "\(first.title) − \(second.title)", points: Figure(values))
        }
        let core = paired(SynergyArm.core)
        interaction = Figure(core.map { 100 * Interaction.points($0.map(\.accuracy)) })
        logInteraction = Figure(core.compactMap { Interaction.logError($0.map { 1 - $0.accuracy }) })
    }
}

/// How far augmentation and distillation together do more than each for itself, for one seed.
enum Interaction {
    /// In accuracy: (both − KD) − (Aug − CE).
    ///
    /// - Parameter accuracies: of CE, Aug, KD and both.
    static func points(_ accuracies: [Double]) -> Double {
        (accuracies[3] - accuracies[2]) - (accuracies[1] - accuracies[0])
    }

    /// In the logarithm of the error: ln(e_Aug · e_KD / (e_CE · e_both)). Above 0 where both together divide the error
    /// by more than the product of what each divides it by; nil where an arm makes no error at all.
    ///
    /// - Parameter errors: of CE, Aug, KD and both, as shares.
    static func logError(_ errors: [Double]) -> Double? {
        errors.contains(0) ? nil : log(errors[1] * errors[2] / (errors[0] * errors[3]))
    }
}

/// All stored results, found by what a setting asks for.
struct SynergyResults {
    let all: [SynergyResult]
    private let byCell: [SynergyCell: SynergyResult]
    private let seeds: [UInt64]

    init(_ all: [SynergyResult]) {
        self.all = all
        byCell = Dictionary(all.map { ($0.cell, $0) }) { first, _ in first }
        seeds = Set(all.map(\.cell.seed)).sorted()
    }

    /// The runs of an arm, by seed.
    func runs(of arm: SynergyArm, in setting: SynergySetting) -> [SynergyResult] {
        seeds.compactMap { byCell[setting.cell(arm, seed: $0)] }
    }

    /// The settings that augmentation and distillation met in, those of the studies first.
    var settings: [SynergySetting] {
        let found = Set(all.compactMap { SynergySetting($0.cell) })
        let known = SynergyStudy.all.flatMap(\.settings)
        var seen: Set<SynergySetting> = []
        return (known.filter(found.contains) + found.subtracting(known).sorted { $0.title < $1.title })
            .filter { seen.insert($0).inserted }
    }
}

extension SynergySetting {
    /// The setting of a run that has both augmentation and a teacher, which say all of it; nil for another.
    init?(_ cell: SynergyCell) {
        guard let strength = cell.strength, let teacher = cell.teacher else { return nil }
        self.init(
            data: cell.data, labels: cell.labels, strength: strength, steps: cell.steps,
            sharesLabels: teacher.labels != nil,
            teacherSteps: teacher.steps == cell.data.teacherSteps ? nil : teacher.steps,
            teacherStrength: teacher.strength)
    }

    var labelsTitle: String { labels.map(grouped) ?? "all" }

    /// In words, different for different settings.
    var title: String {
        var teacher = [String]()
        if sharesLabels { teacher.append("on the same labels") }
        if let teacherSteps { teacher.append("\(grouped(teacherSteps)) steps") }
        if teacherStrength != 1 {
            teacher.append(teacherStrength.map { "strength \(shortest($0))" } ?? "without augmentation")
        }
        let whole = teacher.isEmpty ? "" : "; teacher \(teacher.joined(separator: ", "))"
        return
            "\(data.title), \(labelsTitle) labels, strength \(shortest(strength)), \(grouped(self.steps)) steps\(whole)"
    }
}

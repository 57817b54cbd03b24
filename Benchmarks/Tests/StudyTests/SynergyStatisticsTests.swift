import Foundation
import Retort
import Testing

@testable import synergy

@Suite("Synergy: statistics and what is asked for")
struct SynergyStatisticsTests {
    @Test("signs: half as many errors each and a fifth together is less in points, more in the error's logarithm")
    func signs() throws {
        let accuracies = [0.8, 0.9, 0.9, 0.96]
        // (0.96 − 0.9) − (0.9 − 0.8) = −0.04; ln (0.1 · 0.1 / (0.2 · 0.04)) = ln 1.25.
        #expect(abs(Interaction.points(accuracies) + 0.04) < 1e-12)
        #expect(abs(try #require(Interaction.logError([0.2, 0.1, 0.1, 0.04])) - 0.2231436) < 1e-6)
        #expect(Interaction.logError([0.2, 0.1, 0.1, 0]) == nil)
        // Independent effects: 0.2 → 0.1 and 0.2 → 0.05, together 0.025.
        #expect(abs(try #require(Interaction.logError([0.2, 0.1, 0.05, 0.025]))) < 1e-12)
    }

    /// A result with so many of 100 test images right.
    private func result(_ setting: SynergySetting, _ arm: SynergyArm, _ seed: UInt64, _ right: Int) -> SynergyResult {
        SynergyResult(
            cell: setting.cell(arm, seed: seed), settings: [:], right: right, images: 100, loss: 1,
            validationAccuracy: 0.5, seconds: 1, threads: 1)
    }

    @Test("differences are taken within seeds, and over those alone that both arms have")
    func pairing() throws {
        let setting = SynergySetting(data: .mnist, labels: 100)
        var all: [SynergyResult] = []
        for (seed, rights) in [[70, 80, 85, 95], [60, 75, 80, 91], [50, 66, 70]].enumerated() {
            for (arm, right) in zip(SynergyArm.core, rights) { all.append(result(setting, arm, UInt64(seed), right)) }
        }
        // Another seed that has nothing in common with the rest, in another order.
        all.insert(result(setting, .both, 9, 40), at: 0)
        let found = SynergyResults(all)
        #expect(found.settings == [setting])
        let findings = SynergyFindings(setting, in: found)
        #expect(findings.rows.map(\.arm) == SynergyArm.core)
        #expect(findings.rows.map(\.accuracy.values.count) == [3, 3, 3, 3])
        #expect(abs(findings.rows[3].accuracy.mean - (95 + 91 + 40) / 3) < 1e-9)
        let values = findings.differences.map { $0.points.values.map { ($0 * 1000).rounded() / 1000 } }
        #expect(values == [[10, 15, 16], [15, 20, 20], [15, 16], [10, 11]])
        // (95 − 85) − (80 − 70) and (91 − 80) − (75 − 60).
        #expect(findings.interaction.values.map { $0.rounded() } == [0, -4])
        let logs = findings.logInteraction.values
        #expect(abs(logs[0] - log(20.0 * 15 / (30 * 5))) < 1e-9 && abs(logs[1] - log(25.0 * 20 / (40 * 9))) < 1e-9)
    }

    @Test("settings share the runs that do not depend on what they differ in, and no others; no two runs share a file")
    func sharing() {
        let cells = SynergyStudy.all.flatMap { $0.cells(seeds: [0, 1, 2]) }
        let unique = Set(cells)
        #expect(Set(unique.map(\.name)).count == unique.count)
        let weak = SynergySetting(data: .mnist, labels: 100, strength: 1)
        let strong = SynergySetting(data: .mnist, labels: 100, strength: 3)
        let shared = SynergyArm.allCases.filter { weak.cell($0, seed: 4) == strong.cell($0, seed: 4) }
        #expect(shared == [.ce, .distillation])
        var own = weak
        own.sharesLabels = true
        #expect(SynergyArm.core.filter { weak.cell($0, seed: 4) == own.cell($0, seed: 4) } == [.ce, .augmentation])
        // The teacher of the same labels depends on which these are, that of CIFAR-10 is one for all seeds.
        let seeds = SynergyStudy.all.flatMap { $0.cells(seeds: [7]) }.compactMap { cell in
            cell.teacher.map { (cell.data, $0.seed) }
        }
        #expect(seeds.allSatisfy { $0.1 == ($0.0 == .cifar10 ? 0 : 7) })
        let first = cells.prefix(SynergyArm.allCases.count)
        #expect(first.map(\.arm) == SynergyArm.allCases && first.allSatisfy { $0.seed == 0 })
    }

    @Test(
        "tables and pictures of three settings by three seeds: figures, a series through what differs, no empty number")
    func pages() throws {
        var all: [SynergyResult] = []
        for (step, strength) in [1.0, 2, 4].enumerated() {
            let setting = SynergySetting(data: .mnist, labels: 100, strength: strength)
            for seed in 0..<UInt64(3) {
                let rights = [60, 70 + step, 80, 90 + 3 * step]
                for (arm, right) in zip(SynergyArm.core, rights) {
                    all.append(result(setting, arm, seed, right - Int(seed) * (arm == .both ? 2 : 1)))
                }
            }
        }
        let found = SynergyResults(
            Array(Set(all.map(\.cell.name)).sorted().compactMap { name in all.first { $0.cell.name == name } }))
        let findings = found.settings.map { SynergyFindings($0, in: found) }
        #expect(findings.map(\.setting.strength) == [2, 1, 4])
        let plots = SynergyPlots(findings: findings).files
        #expect(plots.map(\.name) == ["strength.svg", "core-arms.svg"])
        let strength = try #require(plots.first?.svg)
        #expect(strength.matches(of: /<circle class='dot s0' cx='[0-9.]+' cy='[0-9.]+' r='4.5'><title>/).count == 3)
        #expect(strength.contains("class='zero'") && strength.contains("MNIST, 100 labels, 1\u{202F}500 steps"))
        #expect(plots.allSatisfy { !$0.svg.contains("nan") && !$0.svg.contains("inf'") })
        let page = SynergyTables(findings: findings, pictures: plots.map(\.name), folder: "synergy").page
        // By hand: 60, 59, 58 and 70, 69, 68; 4.303 / √3 = 2.484.
        #expect(page.contains("| CE | 59.00 ± 1.00 | 56.52 to 61.48 | 3 |"))
        #expect(page.contains("| +Aug − CE, points | +10.00 (+10.00 to +10.00) | 3 |"))
        #expect(page.contains("![strength](synergy/strength.svg)") && !page.contains("nan"))
        #expect(found.csv.split(separator: "\n").count == 1 + 2 * 3 + 2 * 9)
        #expect(found.csv.contains("mnist,100,1500,both,4,all,2000,1,2,2,92,100,"))
    }
}

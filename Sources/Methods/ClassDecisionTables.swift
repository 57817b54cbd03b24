import Datasets
import Reports

/// Why each class was drawn as often as it was: a table for each epoch, of which the one where classes differ most is
/// open.
struct ClassDecisionTables {
    let classNames: [String]
    let epochs: [EpochFigures]

    var html: String {
        let decided = epochs.enumerated().filter { $0.element.classDecisions != nil }
        let widest = decided.max { spread($0.element) < spread($1.element) }?.offset
        guard let widest else { return "" }
        let head = ["class", "in the validation before", "decision", "relative probability", "share of the draws"]
            .map { "<th scope='col'>\($0)</th>" }.joined()
        let tables = decided.map { number, epoch in
            """
            <details\(number == widest ? " open" : "")><summary>Epoch \(number + 1)</summary>
            <div class="scroll"><table class="arms"><thead><tr>\(head)</tr></thead>
            <tbody>\(rows(epoch))</tbody></table></div></details>
            """
        }
        return """
            <h3>Why each class is drawn as often as it is</h3>
            <p>After each validation a class below the threshold is raised, the surplus of one well above it decays, and
            others are held; a class at rest has relative probability 1.</p>
            \(tables.joined(separator: "\n"))
            """
    }

    private func spread(_ epoch: EpochFigures) -> Double {
        guard let low = epoch.classProbabilities?.min(), let high = epoch.classProbabilities?.max() else { return 0 }
        return high - low
    }

    private func rows(_ epoch: EpochFigures) -> String {
        let even = [Double](repeating: 1 / Double(max(classNames.count, 1)), count: classNames.count)
        let shares = epoch.classProbabilities ?? even
        return (epoch.classDecisions ?? []).flatMap { decisions in
            zip(classNames, zip(decisions, shares)).map { name, entry in
                let (decision, share) = entry
                let cells = [found(decision), words(decision), fixed(decision.weight, 2), percent(share)]
                return "<tr><th scope='row'>\(escaped(name))</th>" + cells.map { "<td>\($0)</td>" }.joined() + "</tr>"
            }
        }.joined(separator: "\n")
    }

    private func found(_ decision: ClassDecision) -> String {
        decision.found.map { "\(decision.measure) \(measured($0, decision))" } ?? "no images"
    }

    private func words(_ decision: ClassDecision) -> String {
        guard let found = decision.found else { return decision.change.rawValue }
        let relation = found < decision.threshold ? "below" : found > decision.threshold ? "above" : "at"
        let isBehind = relation == (decision.measure == "accuracy" ? "below" : "above")
        // Nothing else holds a class that is behind.
        let change = isBehind && decision.change == .held ? "held at the largest" : decision.change.rawValue
        return "\(relation) \(measured(decision.threshold, decision)): \(change)"
    }

    private func measured(_ value: Double, _ decision: ClassDecision) -> String {
        decision.measure == "accuracy" ? percent(value) : fixed(value, 3)
    }
}

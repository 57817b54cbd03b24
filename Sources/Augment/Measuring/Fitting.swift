import TensorCore

/// A policy that keeps within a budget of time, and what had to give.
public struct FittedPolicy: Sendable, Hashable {
    /// One operation that became cheaper or was dropped.
    public struct Change: Sendable, Hashable, CustomStringConvertible {
        /// Where the operation stands in the policy's JSON.
        public let place: String
        /// Its name in a policy file.
        public let operation: String
        /// Its own probability before and after; 0 after if it was dropped.
        public let before, after: Double

        public var description: String {
            func percent(_ share: Double) -> String { "\((share * 1000).rounded() / 10) %" }
            return after == 0
                ? "\(place) \(operation): dropped"
                : "\(place) \(operation): from \(percent(before)) to \(percent(after))"
        }
    }

    /// The policy. A dropped operation stays in its place with probability 0, so that the draws of the others stay.
    public let policy: AugmentationPolicy
    /// What it is expected to cost.
    public let cost: PolicyCost
    /// In the order of the policy.
    public let changes: [Change]
}

extension AugmentationPolicy {
    /// The policy with as much taken away as it needs to keep within a budget.
    ///
    /// Again and again the operation of the largest expected cost becomes less probable, down to a quarter of what it
    /// was; if that is not enough it is dropped, and the next one has its turn.
    ///
    /// - Parameters:
    ///   - budget: microseconds for one image on one thread.
    ///   - imageSize: height and width.
    ///   - costs: a calibration.
    ///   - channels: of the images.
    /// - Throws: `FormatError` for a budget under the cost of normalisation alone, and as
    ///   ``cost(imageSize:by:channels:)``.
    public func fitting(
        budget: Double, imageSize: (height: Int, width: Int), by costs: OperationCosts, channels: Int = 3
    ) throws(FormatError) -> FittedPolicy {
        let before = Dictionary(uniqueKeysWithValues: leaves.map { ($0.place, $0.probability) })
        var probabilities = before
        var policy = self
        var cost = try cost(imageSize: imageSize, by: costs, channels: channels)
        guard cost.plain <= budget else {
            throw FormatError(
                file: "budget",
                problem:
                    "\(budget.text) µs is less than normalisation alone takes, "
                    + "\(((cost.plain * 100).rounded(.up) / 100).text) µs",
                advice: "give more, or smaller images")
        }
        // The operation that gives way, until it is dropped: draws do not meet a probability exactly, so one turn may
        // not do.
        var turn: Int?
        while cost.microseconds > budget {
            let whose = cost.parts.first { $0.number == turn && $0.microseconds > 0 }
            guard let part = whose ?? cost.parts.max(by: { $0.microseconds < $1.microseconds }),
                let now = probabilities[part.number], let first = before[part.number], now > 0
            else { break }
            // What is left of it if it alone gives way; less than now in any case, so that this ends.
            let share = min(1 - (cost.microseconds - budget) / part.microseconds, 0.95)
            turn = part.number
            probabilities[part.number] = now * share >= first / 4 ? now * share : 0
            policy = editingLeaves { step, place, _ in
                var step = step
                step.probability = probabilities[place] ?? step.probability
                return step
            }
            cost = try policy.cost(imageSize: imageSize, by: costs, channels: channels)
        }
        let changes = policy.leaves.compactMap { leaf in
            before[leaf.place].flatMap { first in
                first == leaf.probability
                    ? nil
                    : FittedPolicy.Change(
                        place: leaf.path, operation: leaf.name, before: first, after: leaf.probability)
            }
        }
        return FittedPolicy(policy: policy, cost: cost, changes: changes)
    }
}

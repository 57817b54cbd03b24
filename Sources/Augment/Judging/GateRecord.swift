import Synchronization

/// What a gate has seen, shared by the threads that use it. Counts alone and what depends on an image alone, so that
/// the order of the calls does not matter.
final class GateRecord: Sendable {
    /// What the teacher reads of an image as it is.
    struct Reference {
        let label: Int
        /// The teacher's probability of it.
        let confidence: Float
    }

    private struct Image: Hashable {
        let id: Int
        let label: Int?
    }

    private struct State {
        var references: [Image: Reference] = [:]
        /// By epoch and place in the policy.
        var tallies: [Int: [Int: (drawn: Int, rejected: Int)]] = [:]
    }

    private let state = Mutex(State())

    func reference(_ id: Int, _ label: Int?) -> Reference? {
        state.withLock { $0.references[Image(id: id, label: label)] }
    }

    func keep(_ reference: Reference, for id: Int, _ label: Int?) {
        state.withLock { $0.references[Image(id: id, label: label)] = reference }
    }

    func count(_ places: [Int], epoch: Int, isRejected: Bool) {
        state.withLock { state in
            for place in places {
                state.tallies[epoch, default: [:]][place, default: (0, 0)].drawn += 1
                if isRejected { state.tallies[epoch, default: [:]][place, default: (0, 0)].rejected += 1 }
            }
        }
    }

    /// By place; of one epoch, or of all.
    func tallies(epoch: Int?) -> [Int: (drawn: Int, rejected: Int)] {
        state.withLock { state in
            var sums: [Int: (drawn: Int, rejected: Int)] = [:]
            for (number, tallies) in state.tallies where epoch == nil || epoch == number {
                for (place, tally) in tallies {
                    sums[place, default: (0, 0)].drawn += tally.drawn
                    sums[place, default: (0, 0)].rejected += tally.rejected
                }
            }
            return sums
        }
    }
}

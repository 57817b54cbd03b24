import Graph
import TensorCore

/// How the range of an activation is found from what it was on calibration images.
public enum Observer: Sendable, Hashable {
    /// The least and the greatest value that occurred. Nothing is cut; one outlier makes all steps coarse.
    case minMax
    /// The range without a share of values at each end: 99.99 cuts one value in 10,000 there. In 50 ... 100.
    case percentile(Double)
}

/// The range of every node's result over calibration batches.
struct Calibration {
    fileprivate enum State {
        case range(ValueRange)
        case histogram(Histogram, share: Double)
    }

    private var states: [State]

    init(_ graph: NetworkGraph, _ observer: Observer) {
        let state: State
        switch observer {
        case .minMax: state = .range(ValueRange())
        case .percentile(let percent):
            require(
                percent > 50 && percent <= 100, "Observer.percentile: \(percent), above 50 and at most 100 expected")
            state = .histogram(Histogram(), share: (100 - percent) / 100)
        }
        states = Array(repeating: state, count: graph.nodes.count)
    }

    /// Runs a batch and notes what came out of each node.
    ///
    /// - Throws: ``GraphError`` naming the first node with a result that is not finite.
    mutating func observe(_ batch: Tensor, through plan: InferencePlan, of graph: NetworkGraph) throws {
        var fault: Int?
        _ = plan.run(batch) { node, value in
            guard fault == nil else { return }
            if value.isFinite { states[node].add(value) } else { fault = node }
        }
        if let fault {
            throw GraphError(operation: graph.nodes[fault].description, reason: "gave NaN or infinity in calibration")
        }
    }

    /// What a node's bytes shall stand for.
    func quantization(of node: Int) -> AffineQuantization {
        switch states[node] {
        case .range(let range): AffineQuantization(covering: range.least...range.greatest)
        case .histogram(let histogram, let share): AffineQuantization(covering: histogram.range(cutting: share))
        }
    }
}

extension Calibration.State {
    fileprivate mutating func add(_ value: Tensor) {
        switch self {
        case .range(var range):
            range.widen(by: value)
            self = .range(range)
        case .histogram(var histogram, let share):
            self = .range(ValueRange())  // so that the histogram is changed in place
            histogram.add(value)
            self = .histogram(histogram, share: share)
        }
    }
}

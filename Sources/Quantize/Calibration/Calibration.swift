import Graph
import TensorCore

/// How the range of an activation is found from what it was on calibration images.
///
/// All but ``minMax`` trade the few large values that a range cuts off for finer steps between the many small ones.
/// What is kept meanwhile does not grow with the number of images.
public enum Observer: Sendable, Hashable {
    /// The least and the greatest value that occurred. Nothing is cut; one outlier makes all steps coarse.
    case minMax
    /// The least and the greatest value of each batch, in an exponential average over batches (Jacob et al., arXiv
    /// 1712.05877, section 3.1). Depends on how images are divided into batches, and on their order.
    ///
    /// - Parameter share: of the new batch in the average, above 0 and at most 1.
    case movingAverage(share: Float)
    /// The range without a share of values at each end: 99.99 cuts one value in 10,000 there. Above 50, at most 100.
    case percentile(Double)
    /// The range whose bytes have the least mean square error, of a grid of ranges (Choukroun et al., arXiv
    /// 1902.06822).
    case meanSquaredError
    /// The range whose bytes lose the least information, as the Kullback–Leibler divergence of the values' distribution
    /// from that of the bytes (Migacz, 8-bit inference with TensorRT, GTC 2017), of a grid of ranges.
    case entropy
    /// For each layer that of minMax, percentile(99.99), meanSquaredError and entropy with which the network's output
    /// on the first 128 images is nearest to the float network's; layer after layer, from the input on. The others
    /// choose in milliseconds, this one runs the network some times a layer.
    case search

    /// All by the names of options, those with a parameter at its usual value.
    public static let named: [(name: String, value: Observer)] = [
        ("percentile", .percentile(99.99)), ("minmax", .minMax), ("average", .movingAverage(share: 0.1)),
        ("mse", .meanSquaredError), ("entropy", .entropy), ("search", .search),
    ]
}

/// What every node's result was over calibration batches.
struct Calibration {
    fileprivate enum State {
        case range(ValueRange)
        case average(AveragedRange)
        case histogram(Histogram)
    }

    private let observer: Observer
    private var states: [State]

    init(_ graph: NetworkGraph, _ observer: Observer) {
        let state: State
        switch observer {
        case .minMax: state = .range(ValueRange())
        case .movingAverage(let share):
            require(share > 0 && share <= 1, "Observer.movingAverage: share \(share), above 0 and at most 1 expected")
            state = .average(AveragedRange(share: share))
        case .percentile(let percent):
            require(
                percent > 50 && percent <= 100, "Observer.percentile: \(percent), above 50 and at most 100 expected")
            state = .histogram(Histogram())
        case .meanSquaredError, .entropy, .search: state = .histogram(Histogram())
        }
        self.observer = observer
        states = Array(repeating: state, count: graph.nodes.count)
    }

    /// Runs a batch and notes what came out of each node.
    ///
    /// - Returns: the network's output.
    /// - Throws: ``GraphError`` naming the first node with a result that is not finite.
    mutating func observe(_ batch: Tensor, through plan: InferencePlan, of graph: NetworkGraph) throws -> Tensor {
        var fault: Int?
        let output = plan.run(batch) { node, value in
            guard fault == nil else { return }
            if value.isFinite { states[node].add(value) } else { fault = node }
        }
        if let fault {
            throw GraphError(operation: graph.nodes[fault].description, reason: "gave NaN or infinity in calibration")
        }
        return output
    }

    /// What a node's bytes shall stand for; with ``Observer/search`` where the search begins.
    func quantization(of node: Int) -> AffineQuantization {
        switch states[node] {
        case .range(let range): AffineQuantization(covering: range.least...range.greatest)
        case .average(let average): AffineQuantization(covering: average.range)
        case .histogram(let histogram): AffineQuantization(covering: histogram.range(by: observer))
        }
    }

    /// What a search chooses a node's bytes from.
    func candidates(for node: Int) -> [AffineQuantization] {
        guard case .histogram(let histogram) = states[node] else { return [] }
        return [.percentile(99.99), .minMax, .meanSquaredError, .entropy].map {
            AffineQuantization(covering: histogram.range(by: $0))
        }
    }
}

/// An exponential average of the ranges of batches.
private struct AveragedRange {
    let share: Float
    private var average: ClosedRange<Float>?

    init(share: Float) { self.share = share }

    var range: ClosedRange<Float> { average ?? 0...0 }

    mutating func add(_ value: Tensor) {
        guard value.count > 0 else { return }
        var batch = ValueRange()
        batch.widen(by: value)
        guard let old = average else { return average = batch.least...batch.greatest }
        average =
            old.lowerBound + share * (batch.least - old.lowerBound)...old.upperBound + share
            * (batch.greatest - old.upperBound)
    }
}

extension Histogram {
    fileprivate func range(by observer: Observer) -> ClosedRange<Float> {
        switch observer {
        case .percentile(let percent): range(cutting: (100 - percent) / 100)
        case .meanSquaredError: range(minimizing: squaredError, of: filledBins)
        case .entropy: range(minimizing: divergence, of: binsWithoutZeros)
        case .search: range(by: .percentile(99.99))
        case .minMax, .movingAverage: range(cutting: 0)
        }
    }
}

extension Calibration.State {
    fileprivate mutating func add(_ value: Tensor) {
        switch self {
        case .range(var range):
            range.widen(by: value)
            self = .range(range)
        case .average(var average):
            average.add(value)
            self = .average(average)
        case .histogram(var histogram):
            self = .range(ValueRange())  // so that the histogram is changed in place
            histogram.add(value)
            self = .histogram(histogram)
        }
    }
}

import Autograd
import Graph
import TensorCore

/// How the weights of a network's layers become integers: −limit ... limit scales of each output channel.
struct WeightRounding: Sendable {
    /// 127 for 8 bits. With fewer the integers are still stored as int8.
    let limit: Int
    /// The scale of a channel without any weights, and of one that training let die.
    static let leastScale: Float = 0x1p-60
    /// For a layer's node the scales of its channels; for others the channel's greatest weight is the limit.
    var scales: [Int: [Float]]
    /// Nodes that are not rounded at all, but computed in float32.
    var floatNodes: Set<Int> = []
    /// For a layer's node its biases as multiples of the sums' scales, where they are known.
    var biases: [Int: [Int32]] = [:]
    /// Nodes whose results are bytes because a file says so, also at the end of the network.
    var givenResults: Set<Int> = []

    /// - Parameter bits: 2 ... 8.
    init(bits: Int, scales: [Int: [Float]] = [:]) {
        require((2...8).contains(bits), "weightBits: \(bits), 2 ... 8 expected")
        limit = 1 << (bits - 1) - 1
        self.scales = scales
    }

    /// Chooses the scales of every layer: with 8 bits those that cut nothing off, with fewer those of least square
    /// error.
    init(of graph: NetworkGraph, bits: Int) {
        self.init(bits: bits)
        guard bits < 8 else { return }
        for (index, node) in graph.nodes.enumerated() where node.isLinearLayer {
            if let weights = node.tensors.first { scales[index] = Self.leastError(weights, limit: limit) }
        }
    }

    /// For each output channel the scale, of a grid of 64 up to the one that cuts nothing off, whose rounded weights
    /// have the least square error.
    ///
    /// - Parameter weights: [..., C'].
    static func leastError(_ weights: Tensor, limit: Int) -> [Float] {
        let channels = weights.shape.extents.last ?? 1
        let values = weights.scalars
        let bound = Float(limit)
        return (0..<channels).map { channel in
            let own = stride(from: channel, to: values.count, by: channels).map { values[$0] }
            let widest = (own.map(abs).max() ?? 0) / bound
            guard widest > 0 else { return leastScale }
            var (best, least) = (widest, Float.infinity)
            for part in (1...64).reversed() {
                let scale = widest * Float(part) / 64
                let error = own.reduce(Float(0)) { sum, weight in
                    let difference = weight - scale * rounded(weight / scale, limit: bound)
                    return sum + difference * difference
                }
                if error < least { (best, least) = (scale, error) }
            }
            return best
        }
    }

    /// Half to even, saturated. Below 2²² in magnitude, adding and taking away 1.5 · 2²³ rounds, without a call for
    /// each number.
    static func rounded(_ value: Float, limit: Float) -> Float {
        min(max(value, -limit), limit) + 0x1.8p23 - 0x1.8p23
    }
}

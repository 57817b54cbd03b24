import Graph
import TensorCore

/// The choice of each layer's range by what it does to the network's output.
struct CalibrationSearch {
    private static let images = 128
    private var inputs: [Tensor] = []
    private var outputs: [Tensor] = []
    private var count = 0

    /// Keeps a batch's images, as long as there is room, with the float network's output for them.
    mutating func keep(_ batch: Tensor, output: Tensor) {
        let taken = min(batch.shape[0], Self.images - count)
        guard taken > 0 else { return }
        inputs.append(batch[rows: 0..<taken])
        outputs.append(output[rows: 0..<taken])
        count += taken
    }

    /// What each node's bytes shall stand for: node after node the candidate of least error at the output.
    func quantizations(
        _ graph: NetworkGraph, _ calibration: Calibration, _ rounding: WeightRounding
    ) throws -> [AffineQuantization] {
        var chosen = graph.nodes.indices.map { calibration.quantization(of: $0) }
        let (images, expected) = (Tensor.concatenated(inputs, axis: 0), Tensor.concatenated(outputs, axis: 0))
        func error(_ quantizations: [AffineQuantization]) throws -> Float {
            let network = try IntegerNetwork(IntegerProgram(graph, quantizations, rounding))
            let difference = mapImages(images) { network.run($0) } - expected
            return (difference * difference).sum()
        }
        var least = try error(chosen)
        for node in graph.integerNodes(rounding) {
            var tried: Set = [chosen[node]]
            for candidate in calibration.candidates(for: node) where tried.insert(candidate).inserted {
                var other = chosen
                other[node] = candidate
                let error = try error(other)
                if error < least { (chosen, least) = (other, error) }
            }
        }
        return chosen
    }
}

import Autograd
import Graph
import TensorCore

// Layers that a file writes in units of their result's scale, as `ONNXExport` does where a layer adds a residual: sums
// of integers are exact in float32, and are scaled once.
extension RoundedLowering {
    /// Reads a node of a layer whose result counts units of the scale that its bytes have: sums of integers, each
    /// channel's factor, a sum with bytes that are scaled likewise, a relu.
    ///
    /// - Parameters:
    ///   - scale: of the bytes that it reads, where it is not the one that they were written with.
    ///   - sums: the layer whose sums it reads.
    ///   - floats: what it reads that is not rounded yet.
    /// - Returns: nil for any other node.
    mutating func readInUnits(
        _ index: Int, _ operands: [NetworkGraph.Operand], scale: Float?, sums: Int?, _ floats: Set<Int>
    ) throws -> Value? {
        let node = rounded.nodes[index]
        let layer = floats.first { units.contains($0) }
        guard scale != nil || sums != nil || layer != nil, let operation = node.operation else { return nil }
        switch (scale, sums, layer) {
        case (1?, nil, nil) where operation.isLinearLayer && floats.isEmpty:
            guard let own = rounded.layers[index], own.isInUnits else { break }
            let place = add(operation, like: node, reading: operands)
            unitLayers[place] = own
            return .sums(place)
        case (nil, let layer?, nil) where operation.is(MultiplyOperation.self) && floats.isEmpty:
            guard multipliers[layer] == nil, let count = unitLayers[layer]?.scales.count,
                let factors = node.tensors.first,
                factors.count == count, factors.shape.last == count
            else { break }
            multipliers[layer] = factors.scalars
            units.insert(layer)
            return .floats(layer)
        case (let ratio, nil, let source?) where floats.count == 1:
            let isSum = operation.is(AddOperation.self) && ratio != nil && multipliers[source] != nil
            guard isSum || operation.is(ReLUOperation.self) && ratio == nil else { break }
            let place = add(operation, like: node, reading: operands)
            if isSum { ratios[source] = ratio }
            floatSources[place] = floats
            units.insert(place)
            return .floats(place)
        default: break
        }
        throw fault(index, "its input is dequantised with another scale than it was quantised with")
    }

    /// What bytes of a value in units stand for, which their first reader says.
    func unitQuantization(_ index: Int, _ written: AffineQuantization) throws -> AffineQuantization {
        guard written.scale == 1 else { throw fault(index, "rounds integers of another scale than theirs") }
        let readers = rounded.roles.keys.sorted().lazy.compactMap { reader in
            if case .numbers(index, let quantization)? = rounded.roles[reader] { quantization } else { nil }
        }
        return readers.first ?? written
    }
}

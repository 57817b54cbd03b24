import Autograd
import Foundation
import Graph
import TensorCore

extension RoundedLowering {
    /// The program of the nodes that were read.
    func lowered(_ output: Int) throws -> IntegerProgram {
        var used: Set<Int> = [0, output]
        for index in nodes.indices.reversed() where used.contains(index) { used.formUnion(nodes[index].sources) }
        try checkFloats(used)
        guard quantizations[0] != nil else {
            throw GraphError(operation: "input", reason: "is not rounded to 8 bits before it is used")
        }
        let kept = used.sorted()
        let places = Dictionary(uniqueKeysWithValues: zip(kept, kept.indices))
        let graph = try NetworkGraph(
            nodes: kept.map { index in
                var node = nodes[index]
                node.operands = node.operands.map { operand in
                    if case .node(let source) = operand { .node(places[source] ?? source) } else { operand }
                }
                return node
            }, output: places[output] ?? output)
        var fused = graph.fusingActivations(keeping: Set(kept.indices.filter { quantizations[kept[$0]] != nil }))
        let results = fused.nodes.map { quantizations[kept[$0.origin]] }
        var rounding = WeightRounding(bits: 8)
        rounding.givenResults = Set(fused.nodes.indices.filter { results[$0] != nil })
        for (index, node) in fused.nodes.enumerated() where node.isLinearLayer {
            let place = kept[graph.layer(before: node.origin)]
            guard let input = node.sources.first.flatMap({ results[$0] }) else { continue }
            if unitLayers[place] != nil {
                fused = try scalingLayer(index, of: fused, place, input, results, &rounding)
            } else if let layer = layers[place], layer.fits(node, reading: input) {
                rounding.scales[index] = layer.scales
                rounding.biases[index] = layer.bias?.integers.map { Int32($0) }
            }
        }
        let (last, formless) = (fused.floatNodes(with: rounding), fused.nodesWithoutIntegerForm)
        rounding.floatNodes = Set(
            fused.nodes.indices.dropFirst().filter { index in
                let node = fused.nodes[index]
                let readsFloats = node.sources.contains { results[$0] == nil }
                if node.isLinearLayer {
                    return rounding.scales[index] == nil || readsFloats
                        || results[index] == nil && !last.contains(index)
                }
                return results[index] == nil || readsFloats || formless.contains(index)
            })
        return try IntegerProgram(
            fused, results.map { $0 ?? AffineQuantization(scale: 1, zeroPoint: 0) }, rounding)
    }

    /// Gives a layer of integers the scales with which its factors are those of the file.
    private func scalingLayer(
        _ index: Int, of graph: NetworkGraph, _ place: Int, _ input: AffineQuantization,
        _ results: [AffineQuantization?], _ rounding: inout WeightRounding
    ) throws -> NetworkGraph {
        let node = graph.nodes[index]
        guard let layer = unitLayers[place], let factors = multipliers[place], let result = results[index],
            let weights = node.tensors.first, let integers = layer.bias?.integers,
            ratios[place] == node.residual.flatMap({ results[$0] }).map({ $0.scale / result.scale }),
            let scales = factors.asScales(from: input.scale, to: result.scale)
        else {
            throw GraphError(operation: node.description, reason: "has factors that are no ratio of its bytes' scales")
        }
        let real = weights.scalars.enumerated().map { $1 * scales[$0 % scales.count] }
        let bias = zip(integers, scales).map { Float($0) * (input.scale * $1) }
        let scaled = graph.replacingLayer(
            index, weights: Tensor(real, shape: weights.shape), bias: Tensor(bias))
        let own = RoundedGraph.Layer(scales: scales, bias: (integers, scales.map { input.scale * $0 }))
        guard own.fits(scaled.nodes[index], reading: input) else {
            throw GraphError(operation: node.description, reason: "has integers beyond those that layers have")
        }
        rounding.scales[index] = scales
        rounding.biases[index] = integers.map { Int32($0) }
        return scaled
    }
}

extension NetworkGraph {
    /// The layer that a relu and a sum after it became part of, from the last of them.
    fileprivate func layer(before node: Int) -> Int {
        var node = node
        // A sum became part of the later one of its operands.
        while !nodes[node].isLinearLayer, let source = nodes[node].sources.max() { node = source }
        return node
    }
}

extension [Float] {
    /// The scales of weights whose products with the input's scale are these, in units of the result's; nil where there
    /// are none.
    fileprivate func asScales(from input: Float, to output: Float) -> [Float]? {
        let scales = compactMap { factor -> Float? in
            let nearest = Float(Double(factor) * Double(output) / Double(input))
            return [nearest, nearest.nextUp, nearest.nextDown, nearest.nextUp.nextUp, nearest.nextDown.nextDown].first {
                input * $0 / output == factor
            }
        }
        return scales.count == count ? scales : nil
    }
}

extension RoundedGraph.Layer {
    /// Whether its integers count for themselves.
    var isInUnits: Bool { (scales + (bias?.scales ?? [])).allSatisfy { $0 == 1 } && bias != nil }

    /// Whether the layer's integers are those that the engine computes with: weights of −127 ... 127 scales, and a bias
    /// in units of the sums.
    fileprivate func fits(_ node: NetworkGraph.Node, reading input: AffineQuantization) -> Bool {
        guard let weights = node.tensors.first, scales.allSatisfy({ $0.isNormal && $0 >= WeightRounding.leastScale })
        else { return false }
        let channels = scales.count
        let multiples = weights.scalars.enumerated().map { ($1 / scales[$0 % channels]).rounded(.toNearestOrEven) }
        guard multiples.allSatisfy({ abs($0) <= 127 }) else { return false }
        let integers = bias?.integers.compactMap { Int32(exactly: $0) } ?? [Int32](repeating: 0, count: channels)
        guard integers.count == channels,
            IntegerConvolution.fitsSums(weights: multiples.map { Int8($0) }, bias: integers)
        else { return false }
        guard let bias else { return node.tensors.count == 1 }
        return zip(bias.scales, scales).allSatisfy { abs($0 / (input.scale * $1) - 1) < 0x1p-20 }
    }
}

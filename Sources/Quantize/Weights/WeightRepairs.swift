import Graph
import TensorCore

/// What is done, without training, against the error that rounding of weights makes; one layer after another from the
/// input on, so that each repairs what those before it left.
public struct WeightRepairs: OptionSet, Sendable, Hashable {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Weights of an output channel are rounded one after another, and what one lost the rest make up for as far as
    /// their inputs go together on the calibration images (OBQ, Frantar et al., arXiv 2208.11580; GPTQ, arXiv
    /// 2210.17323).
    public static let secondOrderRounding = WeightRepairs(rawValue: 1)
    /// The bias of each output channel takes up the mean error of its sums on the calibration images, which comes from
    /// rounded weights and rounded inputs (Nagel et al., arXiv 1906.04721, section 4.2 and appendix D).
    public static let biasCorrection = WeightRepairs(rawValue: 2)

    /// What measurements speak for.
    public static let standard: WeightRepairs = [.secondOrderRounding, .biasCorrection]

    /// The calibration images that they look at.
    var images: Int { isEmpty ? 0 : 256 }
}

/// A calibrated network after its repairs: other weights, biases and scales.
struct RepairedGraph {
    private(set) var graph: NetworkGraph
    private(set) var rounding: WeightRounding

    init(_ calibrated: CalibratedGraph, _ repairs: WeightRepairs) throws {
        graph = calibrated.graph
        rounding = calibrated.rounding
        guard !repairs.isEmpty else { return }
        let plan = try InferencePlan(graph)
        for (index, node) in graph.nodes.enumerated()
        where node.isLinearLayer && !rounding.floatNodes.contains(index) {
            guard let source = node.sources.first, let weights = node.tensors.first,
                let geometry = node.geometry(reading: graph.nodes[source].shape)
            else { continue }
            // What the layer reads when all before it is in int8 and repaired.
            let program = try IntegerProgram(graph, calibrated.quantizations, rounding)
            let before = try IntegerNetwork(program.prefix(through: source))
            let input = mapImages(calibrated.images) { before.run($0) }.asImages(for: geometry)
            let bias = node.tensors.count > 1 ? node.tensors[1] : .zeros([geometry.outputChannels])
            guard let layer = program.nodes[index].layer else { continue }
            var rounded = weights.roundedToSteps(Tensor(layer.scales), limit: Float(rounding.limit))
            if repairs.contains(.secondOrderRounding) {
                do {
                    rounded = try secondOrderRounded(
                        weights, steps: layer.scales, limit: Float(rounding.limit),
                        moments: convolution2DPatchMoments(input, geometry))
                } catch { throw GraphError(operation: node.description, reason: "second-order rounding: \(error)") }
            }
            var corrected = bias
            if repairs.contains(.biasCorrection) {
                let expected = plan.result(of: source, for: calibrated.images).asImages(for: geometry)
                corrected = bias + meanOfSums(expected, weights, geometry) - meanOfSums(input, rounded, geometry)
            }
            rounding.scales[index] = layer.scales
            graph = graph.replacingLayer(index, weights: rounded, bias: corrected)
        }
    }
}

/// The mean of each output channel over images and pixels, [C'].
private func meanOfSums(_ input: Tensor, _ weights: Tensor, _ geometry: Conv2DGeometry) -> Tensor {
    let sums = convolution2D(input, weights.reshaped(to: geometry.weightShape), geometry)
    return sumOverLeadingAxes(sums) * (1 / Float(input.shape[0] * geometry.outputPixels))
}

extension IntegerProgram {
    /// The nodes up to one, whose result is then the program's.
    fileprivate func prefix(through node: Int) -> IntegerProgram { IntegerProgram(nodes: Array(nodes[...node])) }
}

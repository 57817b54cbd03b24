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
        let original = graph
        var program = try IntegerProgram(graph, calibrated.quantizations, rounding)
        // What layers read when all before them is in int8 and repaired, beside what they read in float32.
        var before = StepwiseRun<IntegerValue>(calibrated.images, GraphWalker(program))
        var expected = StepwiseRun<Tensor>(calibrated.images, GraphWalker(graph))
        for (index, node) in original.nodes.enumerated() {
            if node.isLinearLayer, let scales = program.nodes[index].layer?.scales, let source = node.sources.first,
                let geometry = node.geometry(reading: original.nodes[source].shape)
            {
                let input = Tensor.concatenated(before.values(of: source).map(\.floats), axis: 0)
                let (weights, bias) = try node.repaired(
                    repairs, scales, limit: rounding.limit, geometry, reading: input.asImages(for: geometry),
                    insteadOf: expected.result(of: source).asImages(for: geometry))
                rounding.scales[index] = scales
                graph = graph.replacingLayer(index, weights: weights, bias: bias)
                try program.replaceLayer(index, by: graph, calibrated.quantizations, rounding)
            }
            let (integer, float) = (try PreparedIntegerNode(index, of: program), PreparedNode(index, of: original))
            before.runNext { integer($0, $1) }
            expected.runNext { float($0, $1) }
        }
    }
}

extension NetworkGraph.Node {
    /// The weights, rounded, and the bias of a layer that reads other inputs than in float32.
    ///
    /// - Parameters:
    ///   - scales: of the weights, [C'].
    ///   - limit: the greatest integer that a weight becomes.
    ///   - input: what it reads in int8, images of the geometry.
    ///   - expected: the same in float32.
    fileprivate func repaired(
        _ repairs: WeightRepairs, _ scales: [Float], limit: Int, _ geometry: Conv2DGeometry, reading input: Tensor,
        insteadOf expected: Tensor
    ) throws -> (weights: Tensor, bias: Tensor) {
        let weights = tensors[0]
        var rounded = weights.roundedToSteps(Tensor(scales), limit: Float(limit))
        if repairs.contains(.secondOrderRounding) {
            do {
                rounded = try secondOrderRounded(
                    weights, steps: scales, limit: Float(limit), moments: convolution2DPatchMoments(input, geometry))
            } catch { throw GraphError(operation: description, reason: "second-order rounding: \(error)") }
        }
        let bias = tensors.count > 1 ? tensors[1] : .zeros([geometry.outputChannels])
        guard repairs.contains(.biasCorrection) else { return (rounded, bias) }
        return (
            rounded, bias + meanOfSums(expected, weights, geometry) - meanOfSums(input, rounded, geometry)
        )
    }
}

/// The mean of each output channel over images and pixels, [C'].
private func meanOfSums(_ input: Tensor, _ weights: Tensor, _ geometry: Conv2DGeometry) -> Tensor {
    let sums = convolution2D(input, weights.reshaped(to: geometry.weightShape), geometry)
    return sumOverLeadingAxes(sums) * (1 / Float(input.shape[0] * geometry.outputPixels))
}

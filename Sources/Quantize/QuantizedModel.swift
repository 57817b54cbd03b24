import Foundation
import Graph
import Layers
import TensorCore

/// A network in INT8: made from a trained one and a few hundred of its inputs, a quarter of its size, run on integers
/// from the input to the logits.
///
///     let int8 = try QuantizedModel(student, calibratedOn: batches)
///     let logits = int8.predict(images)
///     try int8.write(to: url)
///
/// Weights are symmetric int8 values with a scale for each output channel, activations uint8 values with a scale and a
/// zero point for each tensor, sums 32-bit integers, and rounding goes to even: the arithmetic of ONNX QLinearConv
/// (Jacob et al., arXiv 1712.05877, with floating-point multipliers). Residuals and ReLUs are part of the layer before
/// them. The same model gives the same bits on every processor, unless it has nodes in single precision, and for any
/// number of threads and any batch size.
public struct QuantizedModel: Sendable {
    let network: IntegerNetwork

    /// Quantises a network.
    ///
    /// - Parameters:
    ///   - module: the trained network, which stays as it is.
    ///   - batches: inputs as the network takes them, [N, H, W, C] normalised; a few hundred images are enough.
    ///   - observer: how ranges are found.
    ///   - repairs: what is done against the error of rounded weights.
    ///   - weightBits: 2 ... 8. Fewer than 8 are stored as int8 all the same: they show what coarser rounding costs.
    ///   - floatLayers: convolutions and dense layers that are computed in float32, by their paths or the
    ///     beginnings of these (`stage1`), or all of a kind by its name (`dense`). They take the time and size of FP32,
    ///     and their results, so the model's, depend on the instruction set as all of FP32 does. What has no form in
    ///     int8, as a layer normalisation, is computed so without being named: ``NodeSummary/floatReason``.
    /// - Throws: `GraphError` for a network that cannot be represented or computed in int8, without any images, and
    ///   for names that no layer has.
    public init(
        _ module: some Module, calibratedOn batches: some Sequence<Tensor>, observer: Observer = .minMax,
        repairs: WeightRepairs = .standard, weightBits: Int = 8, floatLayers: Set<String> = []
    ) throws {
        try self.init(
            CalibratedGraph(
                module, batches, observer, weightBits: weightBits, floatLayers: floatLayers, keeping: repairs.images),
            repairs)
    }

    /// Quantises a traced network.
    public init(
        graph: NetworkGraph, calibratedOn batches: some Sequence<Tensor>, observer: Observer = .minMax,
        repairs: WeightRepairs = .standard, weightBits: Int = 8, floatLayers: Set<String> = []
    ) throws {
        try self.init(
            CalibratedGraph(
                graph, batches, observer, weightBits: weightBits, floatLayers: floatLayers, keeping: repairs.images),
            repairs)
    }

    private init(_ calibrated: CalibratedGraph, _ repairs: WeightRepairs) throws {
        let repaired = try RepairedGraph(calibrated, repairs)
        network = try IntegerNetwork(
            IntegerProgram(repaired.graph, calibrated.quantizations, repaired.rounding))
    }

    init(network: IntegerNetwork) { self.network = network }

    /// Its steps, for those who write them in another form.
    package var program: IntegerProgram { network.program }

    /// Extents of one input image, [H, W, C].
    public var inputShape: Shape { network.program.nodes[0].shape }

    /// Extents of the output for one image: [classes] for a classifier.
    public var outputShape: Shape { network.program.nodes[network.program.nodes.count - 1].shape }

    /// The most bytes that results of its nodes take together while one image goes through, the input among them.
    public var peakActivationBytes: Int { network.peakActivationBytes }

    /// The network's output in float32.
    ///
    /// - Parameter input: [N, H, W, C], normalised as the network's inputs are.
    /// - Returns: logits [N, classes] for a classifier.
    public func predict(_ input: Tensor) -> Tensor {
        require(
            input.shape.rank > 0 && Shape(Array(input.shape.dropFirst())) == inputShape,
            "QuantizedModel.predict: input has shape \(input.shape), images of \(inputShape) expected")
        return mapImages(input) { network.run($0) }
    }
}

import Autograd
import Foundation
import Graph
import Layers
import TensorCore

/// A network that is trained with the rounding of its INT8 form in place, so that its weights learn to live with it:
/// quantisation-aware training (Jacob et al., arXiv 1712.05877) with learnt steps (LSQ, arXiv 1902.08153; their
/// logarithms: TQT, arXiv 1903.08066).
///
///     var aware = try QuantizationAwareNetwork(student, calibratedOn: batches)
///     _ = try Distiller(teacher: student).fit(&aware, on: data, plan: plan)  // or any Trainer
///     let int8 = try aware.quantized()
///
/// Made from any network that can be traced. Wherever ``QuantizedModel`` rounds an activation to a byte this module
/// rounds it too, and weights to −127 ... 127 steps of their output channel, so that its outputs in evaluation are
/// those of ``quantized()``, but for the order of float sums. Gradients pass the rounding as if it were not there, and
/// stop where it saturates. Steps of weights and activations are learnt; zero points stay as calibrated.
///
/// Normalisations use the batch's statistics for the first ``batchNormPasses`` training passes and their running ones
/// from then on, as in use (Krishnamoorthi, arXiv 1806.08342, section 3.2.2). With fixed statistics nothing keeps
/// activations in size: at a rate of 0.05 every run ended at chance, with weights of 3 bits and of 8. So freeze, if at
/// all, when the schedule has brought the rate below 0.005. Quantising before the normalisation is folded is the same
/// as after, since a channel's weights and their step are multiplied alike.
///
/// What a trace does not hold is lost: dropout, names of feature maps, a normalisation's own momentum (0.1 here).
public struct QuantizationAwareNetwork: Module {
    /// Training passes after which normalisations keep their statistics.
    public let batchNormPasses: Int
    /// Bits of a weight.
    public let weightBits: Int

    let graph: NetworkGraph
    private let walker: GraphWalker
    /// The traced nodes whose results the integer network keeps as uint8, with their zero points.
    let zeroPoints: [Int: UInt8]
    /// For the traced node that ends a layer (its normalisation, or itself) the layer: where the bias is rounded.
    private let layers: [Int: Int]
    private var parameters = GraphParameters()

    /// Prepares a trained network.
    ///
    /// - Parameters:
    ///   - module: the trained network, which stays as it is.
    ///   - batches: inputs as the network takes them, [N, H, W, C] normalised; a few hundred images are enough.
    ///   - observer: how ranges, from which learning starts, are found.
    ///   - weightBits: 2 ... 8. Fewer than 8 make no smaller file: they are for steps that are coarse on purpose.
    ///   - batchNormPasses: training passes with the batch's statistics; 0 to keep the network's own, all unless given.
    /// - Throws: `GraphError` as ``QuantizedModel``.
    public init(
        _ module: some Module, calibratedOn batches: some Sequence<Tensor>,
        observer: Observer = .minMax, weightBits: Int = 8, batchNormPasses: Int = .max
    ) throws {
        let calibrated = try CalibratedGraph(module, batches, observer, weightBits: weightBits)
        let (fused, rounding) = (calibrated.graph, calibrated.rounding)
        // Says by name what has no form in int8.
        _ = try IntegerProgram(fused, calibrated.quantizations, rounding)
        self.batchNormPasses = batchNormPasses
        self.weightBits = weightBits
        graph = calibrated.traced
        walker = GraphWalker(graph)
        for (index, node) in graph.nodes.enumerated() {
            if node.isLinearLayer, case .node? = node.operands.dropFirst().first {
                throw GraphError(
                    operation: node.description,
                    reason: "its weights are computed by the network, and training rounds stored ones alone")
            }
            for (place, operand) in node.operands.enumerated() {
                guard case .tensor(let tensor, let path) = operand else { continue }
                if let path { parameters.add(path, Parameter(tensor, role: node.role(ofOperand: place))) }
                if node.isLinearLayer && place == 1 {
                    let steps = WeightRounding.leastError(tensor, limit: rounding.limit).map { logf($0) }
                    parameters.add(Self.stepPath(of: path, at: index), Parameter(Tensor(steps), role: .bias))
                }
            }
        }
        var zeroPoints: [Int: UInt8] = [:]
        for node in fused.integerNodes(rounding.floatNodes) {
            let (origin, quantization) = (fused.nodes[node].origin, calibrated.quantizations[node])
            zeroPoints[origin] = quantization.zeroPoint
            parameters.add(Self.activationPath(origin), Parameter(Tensor([logf(quantization.scale)]), role: .bias))
        }
        parameters.add(Self.passes, Parameter(Tensor([0]), role: .statistic))
        self.zeroPoints = zeroPoints
        var layers: [Int: Int] = [:]
        for layer in graph.foldingBatchNorm().nodes where layer.isLinearLayer {
            let end = graph.nodes[layer.origin]
            layers[layer.origin] = end.isLinearLayer ? layer.origin : end.sources[0]
        }
        self.layers = layers
    }

    public func callAsFunction(_ input: Variable) -> Variable { run(input) { _, _ in } }

    /// The forward pass, which shows every traced node's result, rounded where it is.
    func run(_ input: Variable, observe: (_ node: Int, _ value: Tensor) -> Void) -> Variable {
        let tape = input.tape
        let passes = self[Self.passes]
        let learnsStatistics = passes.value.scalar < Float(batchNormPasses)
        if tape.mode == .training { tape.replace(passes.slot, with: passes.value + 1) }
        return walker.run { (index, value: (Int) -> Variable) in
            let node = graph.nodes[index]
            let operands = node.operands.enumerated().map { place, operand -> Variable in
                switch operand {
                case .node(let source): return value(source)
                case .tensor(let tensor, let path):
                    let value = path.map { self[$0](on: tape) } ?? tape.constant(tensor)
                    guard node.isLinearLayer && place == 1 else { return value }
                    return value.fakeQuantizedWeights(
                        logSteps: self[Self.stepPath(of: path, at: index)](on: tape),
                        limit: WeightRounding(bits: weightBits).limit)
                }
            }
            var result: Variable
            if let operation = node.operation {
                let normalization = learnsStatistics ? node.batchNorm { self[$0] } : nil
                result = normalization.map { $0(operands[0]) } ?? operation.base.record(operands)
            } else {
                result = input
            }
            // With the batch's statistics there is no bias yet.
            if let layer = layers[index], tape.mode == .evaluation || !learnsStatistics {
                let error = biasError(of: layer, endingAt: index)
                result = tape.record(.learning("roundedBias"), result.value.addingToRows(error), from: result) { $0 }
            }
            if let zeroPoint = zeroPoints[index] {
                result = result.fakeQuantized(logStep: self[Self.activationPath(index)](on: tape), zeroPoint: zeroPoint)
            }
            observe(index, result.value)
            return result
        }
    }

    /// The parameter of a path: one of the network's, or a step.
    subscript(path: String) -> Parameter { parameters[path] }

    public mutating func visitParameters(_ visitor: ParameterVisitor) { parameters.visit(visitor) }

    /// How many training passes there were: a statistic, so that a run that goes on from a checkpoint knows.
    private static let passes = "quantization.passes"

    /// The path of the logarithms of the steps of a layer's weights, [C'].
    static func stepPath(of weights: String?, at node: Int) -> String { (weights ?? "constant.\(node)") + ".logStep" }

    /// The path of the logarithm of the step of a traced node's result, one element.
    static func activationPath(_ node: Int) -> String { "activation.\(node).logStep" }
}

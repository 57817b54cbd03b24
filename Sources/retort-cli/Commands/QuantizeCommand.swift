import ArgumentParser
import Foundation
import Retort

/// `retort quantize`.
struct QuantizeCommand: ParsableCommand, WholeNumberOptions {
    static let configuration = CommandConfiguration(
        commandName: "quantize", abstract: "Turns a trained model into INT8: a quarter of its size, run on integers.",
        discussion: "The new file holds all that `evaluate` and `predict` need.")

    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup(title: "Training with INT8 in place") var training: QuantizationTraining
    @OptionGroup var common: CommonOptions

    @Option(help: "Training images that the ranges of activations are found on, spread evenly over the data set.")
    var calibration = 500

    @Option(
        help: ArgumentHelp(
            "How ranges of activations are found.",
            discussion: """
                percentile cuts the outermost 0.01 % of values at each end, minmax nothing; average is of the ranges \
                of batches; mse and entropy cut where the square error or the loss of information is least; search \
                takes for each layer what serves the output best.
                """))
    var observer = Observer.minMax

    @Flag(
        inversion: .prefixedNo,
        help: """
            Repair what rounding and --prune do: weights make up for one another on the calibration images, biases for \
            the mean error.
            """)
    var repair = true

    @Flag(help: "Scale channels between layers alike first, so that none is much smaller than its neighbours.")
    var equalize = false

    @Option(
        help: ArgumentHelp(
            "Layer to keep in FP32; may be given several times.",
            discussion: """
                A convolution or dense layer by its path, as `info` prints it, or the beginning of it for all below; \
                or all of a kind: convolution2D, dense. What has no form in INT8, such as a layer normalisation, \
                is computed in FP32 without being named.
                """, valueName: "LAYER"))
    var keepFp32: [String] = []

    @Option(help: "Share of the weights, the smallest ones, that are set to 0 first; --qat trains the rest.")
    var prune: Double?

    func validate() throws {
        if let prune { try checkOption("prune", prune, 0...0.99) }
        if equalize, training.qat > 0 {
            throw ValidationError(
                "--equalize: has no effect beside --qat, which learns its own scales; leave one of the two out")
        }
        if !keepFp32.isEmpty, training.qat > 0 {
            throw ValidationError(
                "--keep-fp32: has no effect beside --qat, which trains all layers in INT8; leave one of the two out")
        }
    }

    static let wholeNumbers = ["calibration": WholeNumber.Range(1...1_000_000)]

    func run() throws {
        common.apply()
        let (stored, original, data) = try deployment.open()
        var network = original
        let normalization = stored.description.normalization
        let batches = try data.train.calibrationInputs(calibration, normalization: normalization)
        if let prune {
            let mask = PruningMask(sparsity: prune, of: network)
            if repair {
                try mask.apply(to: &network, compensatingOn: batches.first ?? .zeros([0]))
            } else {
                mask.apply(to: &network)
            }
        }
        let fused = try NetworkGraph(tracing: network, inputShape: stored.imageSize.shape)
            .foldingBatchNorm().fusingActivations()
        let graph = equalize ? fused.equalizingLayers() : fused
        func rounded(_ graph: NetworkGraph, _ repairs: WeightRepairs) throws -> QuantizedModel {
            do {
                return try QuantizedModel(
                    graph: graph, calibratedOn: batches, observer: observer, repairs: repairs,
                    floatLayers: Set(keepFp32))
            } catch let fault as GraphError where keepFp32.contains(fault.operation) {
                throw ConfigurationError(["keep-fp32"], "'\(fault.operation)' \(fault.reason)")
            }
        }
        let plain = try rounded(fused, [])
        let int8 =
            training.qat > 0
            ? try training.quantized(
                network, of: stored, on: data, calibratedOn: batches, observer: observer, seed: common.seed)
            : try rounded(graph, repair ? .standard : [])
        try ModelFile(int8, description: stored.description(on: data)).write(to: deployment.outputURL)
        var meter = DeploymentMeter(data.test, normalization: normalization)
        let probe = batches.first ?? .zeros([0])
        let result = try DeploymentReport(
            of: stored, on: data, calibratedOn: .init(asked: calibration, of: data.train),
            written: deployment.outputURL,
            variants: [try meter.measure("as it was", original), try meter.measure(name, int8, of: network)],
            noise: try int8.layerNoise(of: graph, on: probe), rounded: try plain.layerNoise(of: fused, on: probe),
            sparsity: PruningMask(ofZerosIn: network).sparsity)
        try deployment.show(result, asJSON: common.json)
    }

    /// What was done to the model.
    private var name: String {
        let pruned = prune.map { "\(percent($0)) of the weights 0, " } ?? ""
        let kept = keepFp32.isEmpty ? "" : ", \(keepFp32.joined(separator: " and ")) in FP32"
        let repaired = (repair ? ", repaired" : "") + kept
        return pruned
            + (training.qat > 0
                ? "\(training.qat.counted("step")) of QAT"
                : "quantised (\(observer.defaultValueDescription)\(equalize ? ", equalised" : "")\(repaired))")
    }
}

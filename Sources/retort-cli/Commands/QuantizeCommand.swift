import ArgumentParser
import Foundation
import Retort

/// `retort quantize`.
struct QuantizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quantize", abstract: "Turns a trained model into INT8: a quarter of its size, run on integers.",
        discussion: "The new file holds all that `evaluate` and `predict` need.")

    /// How ranges of activations are found.
    enum Observing: String, ExpressibleByArgument, CaseIterable {
        case percentile, minmax, average, mse, entropy, search

        var observer: Observer {
            switch self {
            case .percentile: .percentile(99.99)
            case .minmax: .minMax
            case .average: .movingAverage(share: 0.1)
            case .mse: .meanSquaredError
            case .entropy: .entropy
            case .search: .search
            }
        }
    }

    @Argument(help: "Model in FP32.")
    var model: String

    @OptionGroup var data: DataOptions
    @OptionGroup(title: "Training with INT8 in place") var training: QuantizationTraining
    @OptionGroup var common: CommonOptions

    @Option(help: "Training images that the ranges of activations are found on, spread evenly over the data set.")
    var calibration = 500

    @Option(
        help: ArgumentHelp(
            "How ranges of activations are found.",
            discussion: """
                percentile cuts the outermost 0.01 % of values at each end, minmax nothing; average is of the ranges of \
                batches; mse and entropy cut where the square error or the loss of information is least; search takes for \
                each layer what serves the output best.
                """))
    var observer = Observing.minmax

    @Flag(
        inversion: .prefixedNo,
        help:
            "Repair what rounding of weights does: second-order rounding and bias correction on the calibration images."
    )
    var repair = true

    @Flag(help: "Scale channels between layers alike first, so that none is much smaller than its neighbours.")
    var equalize = false

    @Option(help: "Share of the weights, the smallest ones, that are set to 0 first; --qat trains the rest.")
    var prune: Double?

    @Option(help: ArgumentHelp("File for the INT8 model.", valueName: "FILE.safetensors"))
    var output: String

    func validate() throws {
        try checkOption("calibration", calibration, 1...1_000_000)
        if let prune { try checkOption("prune", prune, 0...0.99) }
        if equalize, training.qat > 0 {
            throw ValidationError("--equalize: found with --qat, which learns its own steps; one of the two expected")
        }
    }

    func run() throws {
        common.apply()
        let outputURL = URL(fileURLWithPath: output)
        try OutputFile.check(outputURL)
        let stored = try StoredModel(model)
        var network = try stored.trained()
        let data = try data.read(imagesAs: stored.imageSize)
        try stored.checkFits(data)
        let before = stored.evaluated(on: data.test)
        if let prune { PruningMask(sparsity: prune, of: network).apply(to: &network) }
        let number = min(calibration, data.train.count)
        let images = data.train.subset((0..<number).map { $0 * data.train.count / number })
        let batches = images.batches(of: 100, normalization: stored.description.normalization).map(\.inputs)
        let fused = try NetworkGraph(
            tracing: network, inputShape: [stored.imageSize.height, stored.imageSize.width, stored.imageSize.channels]
        ).foldingBatchNorm().fusingActivations()
        let graph = equalize ? fused.equalizingLayers() : fused
        func rounded(_ graph: NetworkGraph, _ repairs: WeightRepairs) throws -> QuantizedModel {
            try QuantizedModel(graph: graph, calibratedOn: batches, observer: observer.observer, repairs: repairs)
        }
        let plain = try rounded(fused, [])
        let int8 =
            training.qat > 0
            ? try training.quantized(
                network, of: stored, on: data, calibratedOn: batches, observer: observer.observer, seed: common.seed)
            : try rounded(graph, repair ? .standard : [])
        let after = evaluate(on: data.test, normalization: stored.description.normalization) { int8.predict($0) }
        let probe = batches.first ?? .zeros([0])
        let noise = zip(
            try plain.layerNoise(of: fused, on: probe), try int8.layerNoise(of: graph, on: probe))
        try int8.write(to: outputURL, metadata: [StoredModel.descriptionKey: stored.description.encoded()])
        try QuantizationResult(
            model: model, output: output, bytesBefore: OutputFile.size(stored.url),
            bytesAfter: OutputFile.size(outputURL), accuracyBefore: 100 * before.accuracy,
            accuracyAfter: 100 * after.accuracy, sparsity: PruningMask(ofZerosIn: network).sparsity,
            layers: noise.map { .init($1, rounded: $0.signalToNoise) }
        ).show(asJSON: common.json)
    }
}

/// What `quantize` prints: files in bytes, accuracies on the test images in percent.
private struct QuantizationResult: CommandResult {
    let model, output: String
    let bytesBefore, bytesAfter: Int
    let accuracyBefore, accuracyAfter: Double
    /// Share of the quantised network's weights that are 0.
    let sparsity: Double
    /// Every step on the first calibration images, the input first.
    let layers: [Layer]

    struct Layer: Encodable {
        let name: String
        let shape: [Int]
        /// Of the INT8 result against the FP32 one, in decibels; nil where they are equal.
        let signalToNoise: Double?
        /// The same of a model whose weights are rounded to nearest and nothing else.
        let roundedSignalToNoise: Double?

        init(_ layer: LayerNoise, rounded: Double) {
            name = layer.name
            shape = layer.shape.extents
            signalToNoise = layer.signalToNoise.isFinite ? layer.signalToNoise : nil
            roundedSignalToNoise = rounded.isFinite ? rounded : nil
        }
    }

    var description: String {
        let zeros = sparsity > 0.0005 ? ", \(percent(sparsity)) of the weights are 0" : ""
        func decibels(_ ratio: Double?) -> String { ratio.map { fixed($0, 1) + " dB" } ?? "equal" }
        let table = TextTable(
            rows: [["layer", "shape", "rounded alone", "signal to noise"]]
                + layers.map {
                    [$0.name, "\($0.shape)", decibels($0.roundedSignalToNoise), decibels($0.signalToNoise)]
                })
        return """
            \(table)
            \(model): \(bytesBefore) bytes, test accuracy \(fixed(accuracyBefore, 2)) %
            \(output): \(bytesAfter) bytes (\(percent(Double(bytesAfter) / Double(bytesBefore)))), \
            test accuracy \(fixed(accuracyAfter, 2)) %\(zeros)
            """
    }
}

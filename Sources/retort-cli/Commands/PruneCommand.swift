import ArgumentParser
import Foundation
import Retort

/// `retort prune`.
struct PruneCommand: ParsableCommand, CheckedOptions, WholeNumberOptions {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Makes a trained model smaller, and lets a teacher repair what is left.",
        discussion: """
            Cuts the least important filters, sets single weights to 0, or splits layers into two of lower rank. The \
            new file holds a network that every other command takes.
            """)

    /// What tells which filters go.
    enum Importance: String, ExpressibleByArgument, CaseIterable {
        case l1, scale, taylor
    }

    @OptionGroup var deployment: DeploymentOptions
    @OptionGroup(title: "Training what is left") var teaching: TeachingOptions
    @OptionGroup var common: CommonOptions

    @Option(
        help: ArgumentHelp(
            "What the smaller model may cost; several are tried one by one, and the last is written.",
            discussion: """
                Filters are cut to a share of the multiply-adds, flops:0.5, to bytes of the weights in FP32, \
                bytes:30000, or to milliseconds for one image on this machine, latency:0.2. zeros:0.8 sets this share \
                of the weights to 0, the smallest ones, step by step during the first two thirds of the training. \
                Layers become two of lower rank until a share of the multiply-adds is left, rank:0.6, or as far as \
                each keeps a share of its weights' square sum, energy:0.95.
                """, valueName: "flops:SHARE|bytes:N|latency:MS|zeros:SHARE|rank:SHARE|energy:SHARE"))
    var to: [String]

    @Option(
        help: ArgumentHelp(
            "What tells which filters go.",
            discussion: """
                l1 takes the magnitude of a filter's weights, scale that of the normalisation behind it, taylor how \
                the loss would change on some training images.
                """))
    var importance = Importance.l1

    @Option(help: "Layers that are cut keep a multiple of so many channels, as kernels compute 8 or 16 at once.")
    var multiple = 8

    @Option(help: "Steps of training under the teacher after the cut; 0 for none.")
    var steps = 1500

    @Flag(help: "Cut 25, 50 and 75 % of each layer by itself too, and say what validation accuracy is left.")
    var scan = false

    static let wholeNumbers = ["multiple": WholeNumber.Range(1...4096), "steps": .init(0...100_000_000)]

    /// - Throws: `ConfigurationError` for a text that is none.
    private func targets() throws(ConfigurationError) -> [PruningTarget] {
        do { return try to.map { text throws(ConfigurationError) in try PruningTarget(text) } } catch {
            throw error.within("to")
        }
    }

    func check() throws { _ = try targets() }

    func run() throws {
        common.apply()
        let targets = try targets()
        let (stored, network, data) = try deployment.open()
        if importance == .scale && !network.tensors.keys.contains(where: { $0.hasSuffix(".runningMean") }) {
            throw ConfigurationError(["importance"], "scale found, l1 or taylor expected: no layer is normalised")
        }
        for target in targets {
            guard let problem = try target.idleness(for: network, inputShape: stored.imageSize.shape) else { continue }
            throw ConfigurationError(["to"], "\(target): \(problem); ask for less")
        }
        if scan { try data.checkValidation(for: "scan") }
        let normalization = stored.description.normalization
        let ranking = try importance(of: network, on: data, normalization)
        let batches = try data.train.calibrationInputs(500, normalization: normalization)
        let images = try data.train.subset(evenly: 500).loaded().batches(of: 500, normalization: normalization).map(
            \.inputs)
        var meter = DeploymentMeter(data.test, normalization: normalization)
        // What is written in the end, and its INT8 form.
        var (small, int8) = (network, try QuantizedModel(network, calibratedOn: batches))
        var variants = [
            try meter.measure("as it was", network), try meter.measure("as it was, quantised", int8, of: network),
        ]
        let sensitivities =
            scan
            ? try DeploymentMeter(data.validation, normalization: normalization).sensitivities(network, by: ranking)
            : []
        // All of them before any is trained: a budget that cannot be met costs no time.
        let cut = try targets.map { target in
            do {
                return try target.cut(
                    network, inputShape: stored.imageSize.shape, by: ranking, channelMultiple: multiple,
                    compensatingOn: images.first)
            } catch let fault as PruningError {
                let advice =
                    target.cutsFilters && multiple > 1
                    ? "with --multiple \(multiple), layers of fewer than \(2 * multiple) channels are not cut: try "
                        + "--multiple 1"
                    : "take a larger one, or another kind of target"
                throw ConfigurationError(["to"], "\(target): \(fault); \(advice)")
            }
        }
        for (target, cut) in zip(targets, cut) {
            small = cut
            if steps > 0 {
                variants.append(try meter.measure("\(target), not trained", small))
                // Weights become 0 while the whole network is trained.
                let pruning = target.gradual(steps: steps)
                let start = pruning == nil ? cut : network
                small = try trained(start, "\(target)", pruning, of: stored, on: data)
            }
            int8 = try QuantizedModel(small, calibratedOn: batches)
            let cutAlone = steps > 0 ? variants.last : nil
            variants.append(try meter.measure("\(target)", small))
            warn(of: variants[variants.count - 1], whole: variants[0], cutAlone: cutAlone)
            variants.append(try meter.measure("\(target), quantised", int8, of: small))
        }
        var description = stored.description(on: data)
        if !description.architecture.hasSuffix("(pruned)") { description.architecture += " (pruned)" }
        try ModelFile(small, inputShape: stored.imageSize.shape, description: description).write(
            to: deployment.outputURL)
        let (plain, probe) = (
            try QuantizedModel(small, calibratedOn: batches, repairs: []), batches.first ?? .zeros([0])
        )
        let result = try DeploymentReport(
            of: stored, on: data, calibratedOn: .init(asked: 500, of: data.train), written: deployment.outputURL,
            variants: variants,
            noise: int8.layerNoise(of: small, on: probe), rounded: plain.layerNoise(of: small, on: probe),
            sparsity: PruningMask(ofZerosIn: small).sparsity, sensitivities: sensitivities, isForecast: true)
        try deployment.show(result, asJSON: common.json)
    }

    /// Says what speaks against a smaller network: less accuracy after its training than before or, without training,
    /// than the whole one has, and less speed.
    private func warn(of small: DeploymentVariant, whole: DeploymentVariant, cutAlone: DeploymentVariant?) {
        func percent(_ value: Double) -> String { String(format: "%.2f %%", value) }
        if let cutAlone, small.accuracy < cutAlone.accuracy - 0.5 {
            ProgressBar.say(
                "Warning: \(small.name): training made it worse: \(percent(small.accuracy)), before it "
                    + "\(percent(cutAlone.accuracy)); "
                    + "take more --steps, a lower --learning-rate, or --steps 0")
        }
        if cutAlone == nil, small.accuracy < whole.accuracy - 5 {
            ProgressBar.say(
                "Warning: \(small.name): \(percent(small.accuracy)) without training, the whole network "
                    + "\(percent(whole.accuracy)); --steps train what is left")
        }
        if small.imagesPerSecond < 0.8 * whole.imagesPerSecond {
            ProgressBar.say(
                "Warning: \(small.name): slower than the whole network: \(Int(small.imagesPerSecond)) images a second, the whole one "
                    + "\(Int(whole.imagesPerSecond))")
        }
    }

    private func trained(
        _ network: some Module, _ title: String, _ pruning: GradualPruning?, of stored: StoredModel,
        on data: DividedData
    ) throws -> any Module {
        var (network, pruning) = (network, pruning)
        try teaching.train(
            &network, title: title, steps: steps, rate: 0.05, of: stored, on: data, seed: common.seed,
            afterStep: { pruning?.update(&$0, steps: $1) })
        return network
    }

    private func importance(
        of network: any Module, on data: DividedData, _ normalization: Normalization
    ) throws -> FilterImportance {
        switch importance {
        case .l1: return .l1
        case .scale: return .batchNormScale
        case .taylor:
            let images = try data.train.subset(evenly: 512).loaded()
            return .taylor(of: network, on: images, normalization: normalization)
        }
    }
}

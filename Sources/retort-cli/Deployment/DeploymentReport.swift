import Foundation
import Retort

/// What `quantize` and `prune` say of the forms of a model: the figures of `report.json`, and what its page is drawn from.
struct DeploymentReport: CommandResult {
    /// A step of the last INT8 variant.
    struct Layer: Encodable {
        let name: String
        let shape: [Int]
        /// Of the INT8 result against the FP32 one, in decibels; nil where they are equal.
        let signalToNoise: Double?
        /// The same of a model whose weights are rounded to nearest and nothing else.
        let roundedSignalToNoise: Double?

        init(_ layer: LayerNoise, rounded: LayerNoise) {
            name = layer.name
            shape = layer.shape.extents
            signalToNoise = layer.signalToNoise.isFinite ? layer.signalToNoise : nil
            roundedSignalToNoise = rounded.signalToNoise.isFinite ? rounded.signalToNoise : nil
        }
    }

    /// What is left of the validation accuracy when some filters of one layer go and nothing is trained.
    struct Sensitivity: Encodable {
        let layer: String
        let channels: Int
        /// In percent, by the share of the filters that is cut.
        let accuracies: [String: Double]
    }

    let model, data: String
    /// The file that was written, and its size in bytes and in the model's.
    let output: String
    let outputBytes, modelBytes: Int
    let threads: Int
    let processor: String
    let variants: [DeploymentVariant]
    /// On the first calibration images, the input first.
    let layers: [Layer]
    /// Share of the weights of the last variant that are 0.
    let sparsity: Double
    /// Empty where none was asked for.
    let sensitivities: [Sensitivity]

    init(
        of stored: StoredModel, on data: CommandData, written output: URL, variants: [DeploymentVariant],
        noise: [LayerNoise],
        rounded: [LayerNoise], sparsity: Double, sensitivities: [Sensitivity] = []
    ) throws {
        model = stored.url.relativePath
        self.data = data.name
        self.output = output.relativePath
        outputBytes = try OutputFile.size(output)
        modelBytes = try OutputFile.size(stored.url)
        threads = Parallel.threads
        processor = "\(SIMDLevel.active)"
        self.variants = variants
        layers = zip(noise, rounded).map { Layer($0, rounded: $1) }
        self.sparsity = sparsity
        self.sensitivities = sensitivities
    }

    /// Of variants those that no other one beats in both: of those with at least their accuracy none has a lower cost.
    func front(
        _ cost: (DeploymentVariant) -> Double, of variants: [DeploymentVariant]
    ) -> [DeploymentVariant] {
        variants.filter { one in
            !variants.contains { other in
                let (a, b) = (cost(other), cost(one))
                return other.accuracy >= one.accuracy && a <= b && (other.accuracy > one.accuracy || a < b)
            }
        }.sorted { cost($0) < cost($1) }
    }

    static let layerHeader = ["layer of the INT8 model", "shape", "rounded alone", "signal to noise"]

    var layerCells: [[String]] {
        func decibels(_ ratio: Double?) -> String { ratio.map { fixed($0, 1) + " dB" } ?? "equal" }
        return layers.map { layer in
            [layer.name, "\(layer.shape)", decibels(layer.roundedSignalToNoise), decibels(layer.signalToNoise)]
        }
    }

    var sensitivityRows: [[String]] {
        guard let shares = sensitivities.first?.accuracies.keys.sorted() else { return [] }
        return [["validation accuracy without", "filters"] + shares.map { "\($0) of them" }]
            + sensitivities.map { row in
                [row.layer, "\(row.channels)"]
                    + shares.map { row.accuracies[$0].map { fixed($0, 2) + " %" } ?? "–" }
            }
    }

    var description: String {
        let zeros = sparsity > 0.0005 ? ", \(percent(sparsity)) of the weights are 0" : ""
        let scan = sensitivities.isEmpty ? "" : "\(TextTable(rows: sensitivityRows))\n\n"
        return """
            \(TextTable(rows: [Self.layerHeader] + layerCells))

            \(scan)\(TextTable(rows: [DeploymentVariant.header] + variants.map(\.cells)))

            \(model): \(modelBytes) bytes
            \(output): \(outputBytes) bytes (\(percent(Double(outputBytes) / Double(modelBytes))))\(zeros)
            """
    }
}

import Retort

extension DeploymentVariant {
    static let header = ["variant", "accuracy", "agreement", "size", "MACs", "images/s", "p50", "p95"]

    var cells: [String] {
        [
            "\(name), \(type)", "\(fixed(accuracy, 2)) %", "\(fixed(agreement, 2)) %",
            "\(fixed(Double(bytes) / 1000, 1)) kB", "\(fixed(Double(multiplyAdds) / 1e6, 2)) M",
            grouped(Int(imagesPerSecond.rounded())), "\(fixed(medianLatency, 3)) ms", "\(fixed(latency95, 3)) ms",
        ]
    }
}

/// What `quantize` and `prune` print.
extension DeploymentReport: CommandResult {
    static let layerHeader = ["layer of the INT8 model", "shape", "rounded alone", "signal to noise"]

    var layerCells: [[String]] {
        func decibels(_ ratio: Double?) -> String { ratio.map { fixed($0, 1) + " dB" } ?? "equal" }
        return layers.map { layer in
            [layer.name, "\(layer.shape)", decibels(layer.roundedSignalToNoise), decibels(layer.signalToNoise)]
        }
    }

    /// What the table's figures mean.
    private static let decibels = """
        signal to noise: FP32 results against the errors of INT8; 40 dB are errors of 1 %, 20 dB of 10 %, 0 dB of 100 %

        """

    /// What the INT8 model computes in FP32 and why: a line for each reason, with the operations and how many there are
    /// of each.
    var floatLines: String {
        let layers = layers.filter { $0.floatReason != nil }
        return Dictionary(grouping: layers) { $0.floatReason ?? "" }.sorted { $0.key < $1.key }.map { reason, layers in
            let operations = Dictionary(grouping: layers) { $0.name.prefix { $0 != " " } }
            let counts = operations.sorted { $0.key < $1.key }.map { "\($1.count) \($0)" }
            return "in FP32, \(reason): \(counts.joined(separator: ", "))\n"
        }.joined()
    }

    var sensitivityRows: [[String]] {
        guard let shares = sensitivities.first?.accuracies.keys.sorted() else { return [] }
        return [["validation accuracy without", "filters"] + shares.map { "\($0) of them" }]
            + sensitivities.map { row in
                [row.layer, "\(row.channels)"]
                    + shares.map { row.accuracies[$0].map { fixed($0, 2) + " %" } ?? "–" }
            }
    }

    var text: String {
        let zeros = sparsity > 0.0005 ? ", \(percent(sparsity)) of the weights are 0" : ""
        let scan = sensitivities.isEmpty ? "" : "\(TextTable(rows: sensitivityRows))\n\n"
        return """
            \(TextTable(rows: [Self.layerHeader] + layerCells))
            \(floatLines)\(Self.decibels)
            \(scan)\(TextTable(rows: [DeploymentVariant.header] + variants.map(\.cells)))

            \(model): \(modelBytes) bytes
            \(output): \(outputBytes) bytes (\(percent(Double(outputBytes) / Double(modelBytes))))\(zeros)
            \(calibration.text)\(warning.map { "\nWarning: \($0)" } ?? "")\(notes.ending)
            """
    }
}

import Retort

extension DeploymentVariant {
    static let header = ["variant", "accuracy", "agreement", "weights", "MACs", "images/s", "p50", "p95"]

    /// What the columns are.
    static let legend = """
        agreement: test images of which the variant chooses the class that the first one chooses;
        weights: without the file's header; MACs: multiply-adds for an image;
        p50, p95: time for one image, median and 95th percentile
        """

    var cells: [String] {
        [
            "\(name), \(type)", "\(fixed(accuracy, 2)) %", "\(fixed(agreement, 2)) %",
            bytes.bytesInTables, macs, grouped(Int(imagesPerSecond.rounded())),
            "\(fixed(medianLatency, 3)) ms", "\(fixed(latency95, 3)) ms",
        ]
    }

    private var macs: String {
        multiplyAdds < 100_000 ? grouped(multiplyAdds) : "\(fixed(Double(multiplyAdds) / 1e6, 2)) M"
    }
}

/// What `quantize` and `prune` print.
extension DeploymentReport: CommandResult {
    static let layerHeader = ["layer", "operation", "shape", "plain rounding", "this model"]

    var layerCells: [[String]] {
        func decibels(_ ratio: Double?) -> String { ratio.map { fixed($0, 1) + " dB" } ?? "equal" }
        return layers.map { layer in
            [
                // What is no layer has no name that an option takes.
                layer.name == layer.operation ? "" : layer.name, layer.operation, "\(layer.shape)",
                decibels(layer.roundedSignalToNoise),
                decibels(layer.signalToNoise),
            ]
        }
    }

    /// What the columns of the layers are.
    static let layerLegend = """
        signal to noise of the INT8 results: 40 dB are errors of 1 %, 20 dB of 10 %, 0 dB of 100 %, equal none;
        plain rounding: weights rounded to nearest and nothing else; this model: with repairs or training
        """

    /// What there is to say of INT8 variants of which no file was written.
    var forecast: String? {
        isForecast
            ? "\(output) is in FP32; what is said of INT8 is what `retort quantize` would make of it, a forecast" : nil
    }

    /// What the INT8 model computes in FP32 and why: a line for each reason, with the operations and how many there are
    /// of each.
    var floatLines: String {
        let layers = layers.filter { $0.floatReason != nil }
        return Dictionary(grouping: layers) { $0.floatReason ?? "" }.sorted { $0.key < $1.key }.map { reason, layers in
            let operations = Dictionary(grouping: layers, by: \.operation)
            let counts = operations.sorted { $0.key < $1.key }.map { "\($1.count) \($0)" }
            return "in FP32, \(reason): \(counts.joined(separator: ", "))\n"
        }.joined()
    }

    /// What the columns of the scan are.
    static let sensitivityLegend =
        "validation accuracy without this share of one layer's filters, all others whole and nothing trained"

    var sensitivityRows: [[String]] {
        guard let shares = sensitivities.first?.accuracies.keys.sorted() else { return [] }
        return [["layer", "filters"] + shares.map { "without \($0)" }]
            + sensitivities.map { row in
                [row.layer, "\(row.channels)"]
                    + shares.map { row.accuracies[$0].map { fixed($0, 2) + " %" } ?? "–" }
            }
    }

    var text: String {
        let zeros = sparsity > 0.0005 ? ", \(percent(sparsity)) of the weights are 0" : ""
        let scan = sensitivities.isEmpty ? "" : "\(TextTable(rows: sensitivityRows))\n\(Self.sensitivityLegend)\n\n"
        return """
            \(TextTable(rows: [Self.layerHeader] + layerCells))
            \(floatLines)\(Self.layerLegend)

            \(scan)\(TextTable(rows: [DeploymentVariant.header] + variants.map(\.cells)))
            \(DeploymentVariant.legend)

            \(model): file of \(modelBytes) bytes
            \(output): file of \(outputBytes) bytes (\(percent(Double(outputBytes) / Double(modelBytes))))\(zeros)
            \(calibration.text)\(forecast.map { "\n\($0)" } ?? "")\(warning.map { "\nWarning: \($0)" } ?? "")\
            \(notes.ending)
            """
    }
}

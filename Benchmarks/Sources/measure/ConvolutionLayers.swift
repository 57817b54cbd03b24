import Foundation
import Retort

/// Convolutions to measure each algorithm on: the measurement behind `Conv2DAlgorithm.best(for:)`.
struct ConvolutionLayers {
    /// Each geometry once, with the networks that have it and how often.
    private var layers: [(geometry: Conv2DGeometry, places: [(network: String, count: Int)])] = []

    /// Finds layers by a work's name: `convolution`, `convolution/NET`, or `convolution/32x32x16-32k3s2`, where kernel
    /// 3 and stride 1 may be left out; nil for other names.
    init?(_ name: String) throws {
        let parts = name.split(separator: "/").map(String.init)
        guard parts.first == "convolution", parts.count <= 2 else { return nil }
        if parts.count == 2, let geometry = Self.geometry(parts[1]) {
            layers = [(geometry, [])]
            return
        }
        for network in parts.count == 2 ? [parts[1]] : ["cnn16", "cnn32", "resnet20"] {
            guard let traced = Network(network) else { return nil }
            let graph = try NetworkGraph(tracing: traced.module, inputShape: traced.shape)
            for node in graph.nodes {
                if let source = node.sources.first, node.operation?.is(Convolution2DOperation.self) == true,
                    let geometry = node.geometry(reading: graph.nodes[source].shape)
                {
                    add(geometry, in: network)
                }
            }
        }
    }

    private mutating func add(_ geometry: Conv2DGeometry, in network: String) {
        let layer = layers.firstIndex { $0.geometry == geometry } ?? layers.count
        if layer == layers.count { layers.append((geometry, [])) }
        if layers[layer].places.last?.network == network {
            layers[layer].places[layers[layer].places.count - 1].count += 1
        } else {
            layers[layer].places.append((network, 1))
        }
    }

    private static func geometry(_ text: String) -> Conv2DGeometry? {
        guard let match = text.wholeMatch(of: /(\d+)x(\d+)x(\d+)-(\d+)(?:k(\d+))?(?:s(\d+))?/) else { return nil }
        let sizes = [match.1, match.2, match.3, match.4, match.5 ?? "3", match.6 ?? "1"].compactMap { Int($0) }
        guard sizes.count == 6, sizes.allSatisfy({ $0 > 0 }) else { return nil }
        return Conv2DGeometry(
            input: (sizes[0], sizes[1], sizes[2]), kernel: (sizes[4], sizes[4]), outputChannels: sizes[3],
            stride: (sizes[5], sizes[5]), padding: (sizes[4] / 2, sizes[4] / 2))
    }

    /// Prints a markdown row for each layer and pass as soon as it is measured.
    ///
    /// A rate counts the operations of the direct form, whatever the algorithm saves, so that shares of the limit
    /// compare times.
    func printTable(batch: Int, _ limits: MachineLimits, seconds: Double) {
        let algorithms = Conv2DAlgorithm.allCases
        let columns = limits.rows.flatMap { row in
            algorithms.map { "\($0), \(row.threads)" } + ["share, \(row.threads)"]
        }
        print(
            """
            Batch \(batch). Each cell: µs (GFLOP/s) of an algorithm and a number of threads; – where it leaves the pass to \
            another. Share: of the multiply-add limit, what `best(for:)` reaches. FLOP/byte: with input, output and weights \
            each moved once.

            | layer | in | FLOP/byte | pass | best | \(columns.joined(separator: " | ")) |
            """)
        print("|" + String(repeating: "---|", count: 5 + columns.count))
        for (geometry, places) in layers {
            let place =
                places.isEmpty
                ? "–" : places.map { $0.count > 1 ? "\($0.network) ×\($0.count)" : $0.network }.joined(separator: ", ")
            for pass in Conv2DPass.allCases {
                let row = ConvolutionRow(geometry, pass, batch: batch)
                let cells = limits.rows.flatMap { row.cells(limit: $0, seconds: seconds) }
                let intensity = String(format: "%.1f", row.intensity)
                let first = [geometry.name, place, intensity, pass.name, "\(row.best)"]
                print("| " + (first + cells).joined(separator: " | ") + " |")
                fflush(nil)
            }
        }
    }
}

/// One pass of one layer.
private struct ConvolutionRow {
    private let geometry: Conv2DGeometry
    private let pass: Conv2DPass
    private let x, weights, upstream: Tensor

    init(_ geometry: Conv2DGeometry, _ pass: Conv2DPass, batch: Int) {
        (self.geometry, self.pass) = (geometry, pass)
        var random = Philox(seed: 1)
        x = Tensor(normal: geometry.inputShape(batch: batch), using: &random)
        weights = Tensor(normal: geometry.weightShape, using: &random)
        upstream = Tensor(normal: geometry.outputShape(batch: batch), using: &random)
    }

    /// What computes this pass when nobody chooses.
    var best: Conv2DAlgorithm {
        let chosen = Conv2DAlgorithm.best(for: geometry)
        let order: [Conv2DAlgorithm] = [.winograd, .direct, .im2col]
        return order.drop { $0 != chosen }.first { $0.computes(pass, of: geometry) } ?? .im2col
    }

    private var operations: Double { 2 * Double(geometry.multiplyAdds * x.shape[0]) }

    /// Operations for each byte that must move.
    var intensity: Double {
        operations / Double(MemoryLayout<Float>.stride * (x.count + weights.count + upstream.count))
    }

    /// The algorithms' times on as many threads as the limit, and the share of the limit that the best reaches.
    func cells(limit: MachineLimits.Row, seconds: Double) -> [String] {
        Parallel.withThreads(limit.threads) {
            let times = Conv2DAlgorithm.allCases.map { algorithm in
                algorithm.computes(pass, of: geometry) ? medianTime(within: seconds) { run(algorithm) } : nil
            }
            let best = Conv2DAlgorithm.allCases.firstIndex(of: best).flatMap { times[$0] } ?? .infinity
            return times.map { time in
                time.map { String(format: "%.0f (%.0f)", $0 * 1e6, operations / $0 * 1e-9) } ?? "–"
            } + [String(format: "%.0f %%", 100 * operations / best / limit.operations)]
        }
    }

    private func run(_ algorithm: Conv2DAlgorithm) {
        switch pass {
        case .forward: _ = convolution2D(x, weights, geometry, algorithm: algorithm)
        case .gradientToInput: _ = convolution2DGradientToInput(upstream, weights, geometry, algorithm: algorithm)
        case .gradientToWeights: _ = convolution2DGradientToWeights(x, upstream, geometry, algorithm: algorithm)
        }
    }
}

extension Conv2DGeometry {
    /// As `convolution/…` takes it.
    fileprivate var name: String {
        "\(inputHeight)x\(inputWidth)x\(inputChannels)-\(outputChannels)"
            + (kernelHeight == 3 ? "" : "k\(kernelHeight)") + (strideHeight == 1 ? "" : "s\(strideHeight)")
    }
}

extension Conv2DPass {
    fileprivate var name: String {
        switch self {
        case .forward: "forward"
        case .gradientToInput: "to input"
        case .gradientToWeights: "to weights"
        }
    }
}

import Datasets
import Foundation
import TensorCore

/// Measures how fast a network classifies on this machine.
public enum InferenceSpeed {
    /// The images classified in a second, in batches of 250 with all inputs in memory: the best of three rounds.
    ///
    /// - Parameters:
    ///   - images: one or more.
    ///   - normalization: what inputs are made of the images with, before time is taken.
    ///   - predict: from inputs [N, H, W, C] to logits.
    public static func imagesPerSecond(
        on images: ImageSet, normalization: Normalization, _ predict: (Tensor) -> Tensor
    ) -> Double {
        let inputs = images.batches(of: 250, normalization: normalization).map(\.inputs)
        _ = inputs.first.map(predict)
        let seconds = (0..<3).map { _ in
            let start = DispatchTime.now().uptimeNanoseconds
            for input in inputs { _ = predict(input) }
            return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
        }
        return Double(images.count) / max(seconds.min() ?? 1, 1e-9)
    }

    /// The time that a single image takes, over 20 passes or more that last a third of a second together.
    ///
    /// - Parameters: as ``imagesPerSecond(on:normalization:_:)`` has them; up to 32 images are used in turn.
    public static func latency(
        on images: ImageSet, normalization: Normalization, _ predict: (Tensor) -> Tensor
    ) -> Latency {
        let inputs = images.subset(Array(0..<min(32, images.count))).batches(of: 1, normalization: normalization)
            .map(\.inputs)
        for input in inputs.prefix(5) { _ = predict(input) }
        var times: [Double] = []
        var spent = 0.0
        while times.count < 20 || spent < 0.3 {
            let start = DispatchTime.now().uptimeNanoseconds
            _ = predict(inputs[times.count % inputs.count])
            times.append(Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9)
            spent += times[times.count - 1]
        }
        return Latency(seconds: times)
    }
}

/// Percentiles of the times that single images took, in seconds.
public struct Latency: Hashable, Sendable, Codable {
    /// Half of the passes take no longer.
    public let median: Double
    /// 95 % of the passes take no longer.
    public let percentile95: Double

    /// Finds the percentiles of times.
    ///
    /// - Parameter seconds: one or more times, in any order.
    public init(seconds: [Double]) {
        require(!seconds.isEmpty, "Latency: no times given")
        let sorted = seconds.sorted()
        median = sorted[sorted.count / 2]
        percentile95 = sorted[sorted.count * 95 / 100]
    }
}

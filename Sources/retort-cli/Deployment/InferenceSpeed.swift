import Foundation
import Retort

/// How fast a network classifies, here and now.
enum InferenceSpeed {
    /// Images a second in batches of 250, data in memory: the best of three rounds.
    static func imagesPerSecond(
        _ images: ImageSet, _ normalization: Normalization, _ predict: (Tensor) -> Tensor
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

    /// Seconds that single images take, of which half and 95 % of the passes stay below: passes over a third of a second.
    static func latencies(
        _ images: ImageSet, _ normalization: Normalization, _ predict: (Tensor) -> Tensor
    ) -> (median: Double, most: Double) {
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
        times.sort()
        return (times[times.count / 2], times[times.count * 95 / 100])
    }
}

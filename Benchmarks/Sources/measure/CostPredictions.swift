import Foundation
import Retort

/// How near the cost model comes to measured times: every operation by itself, and the ready policies, at sides that
/// were calibrated and at others.
struct CostPredictions {
    private let channels: [Int]
    private let sides = [28, 64, 96, 160, 224]
    private let ready: [(name: String, policy: AugmentationPolicy)] = [
        ("digits", .digits), ("ocr", .ocr), ("natural", .natural), ("driving", .driving), ("medical", .medical),
        ("autoAugmentCIFAR", .autoAugmentCIFAR), ("randAugment", .randAugment()),
        ("trivialAugment", .trivialAugment),
    ]

    /// `costs`: for images of one and of three channels; `costs/CHANNELS`: for those alone. nil for other names.
    init?(_ name: String) {
        let parts = name.split(separator: "/").map(String.init)
        guard parts.first == "costs", parts.count <= 2 else { return nil }
        guard parts.count == 2 else {
            channels = [1, 3]
            return
        }
        guard let asked = Int(parts[1]), (1...4).contains(asked) else { return nil }
        channels = [asked]
    }

    /// Prints a markdown row for each policy: at each side, microseconds measured and by how much the prediction is
    /// off.
    func printTable() throws {
        let single = AugmentationPolicy.everyOperation.steps.map { step in AugmentationPolicy { step } }
        for channels in channels {
            // As for a policy of one's own: the policies' operations are calibrated with their parameters.
            let all = AugmentationPolicy { for policy in ready { for step in policy.policy.steps { step } } }
            let costs = OperationCosts.calibrated(channels: channels, for: all)
            let named = try single.map {
                (try $0.cost(imageSize: (32, 32), by: costs, channels: channels).parts[0].operation, $0)
            }
            print("\n| \(channels) channels | \(sides.map { "\($0)²" }.joined(separator: " | ")) |")
            print("|" + String(repeating: "---|", count: sides.count + 1))
            var errors: [Double] = []
            for (name, policy) in named + ready {
                let cells = try sides.map { side -> String in
                    let raw = RawBatch(
                        images: Augmentations.noise(max(16, (1 << 17) / (side * side)), side: side, channels: channels),
                        seed: 2, epoch: 0)
                    let measured = policy.microseconds(on: raw, epochs: 4)
                    let cost = try policy.cost(imageSize: (side, side), by: costs, channels: channels)
                    errors.append(cost.microseconds / measured - 1)
                    return String(format: "%.1f µs, %+.0f %%", measured, 100 * (cost.microseconds / measured - 1))
                }
                print("| \(name) | \(cells.joined(separator: " | ")) |")
                fflush(nil)
            }
            let far = errors.filter { abs($0) > 0.25 }.count
            print("\n\(far) of \(errors.count) are off by more than 25 %.")
        }
    }
}

import Foundation
import Retort

extension DemoRun {
    /// Writes the networks of this run into a folder, one file an arm, and tells their sizes.
    func save(to folder: URL) throws -> [Arm: Int] {
        var sizes: [Arm: Int] = [:]
        for (arm, model) in models {
            let url = folder.appendingPathComponent("\(arm.rawValue).safetensors")
            try ModelFile(model.network, inputShape: inputShape, description: description(of: arm)).write(to: url)
            sizes[arm] = try OutputFile.size(url)
        }
        for (arm, int8) in quantized {
            let url = folder.appendingPathComponent("\(arm.rawValue).safetensors")
            try ModelFile(int8.model, description: description(of: arm)).write(to: url)
            sizes[arm] = try OutputFile.size(url)
        }
        return sizes
    }

    /// Images a second that an arm's network classifies, on the test images in batches of 250: best of three rounds.
    func throughput(of arm: Arm) throws -> Double {
        let predict: (Tensor) -> Tensor
        if let int8 = quantized[arm] {
            predict = { int8.model.predict($0) }
        } else if let network = models[arm]?.network {
            let plan = try InferencePlan(network, inputShape: inputShape)
            predict = { plan($0) }
        } else {
            return 0
        }
        return try InferenceSpeed.imagesPerSecond(on: data.test.loaded(), normalization: data.normalization, predict)
    }

    private var inputShape: Shape { data.test.size.shape }

    private func description(of arm: Arm) -> ModelFile.Description {
        ModelFile.Description(
            architecture: "convnet-\(arm.width)", normalization: data.normalization, classNames: data.train.classNames)
    }
}

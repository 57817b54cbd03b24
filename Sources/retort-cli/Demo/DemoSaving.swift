import Foundation
import Retort

extension DemoRun {
    /// Writes the networks of this run into a folder, one file an arm, and tells their sizes.
    func save(to folder: URL) throws -> [Arm: Int] {
        var sizes: [Arm: Int] = [:]
        for (arm, model) in models {
            let url = folder.appendingPathComponent("\(arm.rawValue).safetensors")
            try ModelFile(model.network, description: description(of: model.network, arm)).write(to: url)
            sizes[arm] = try OutputFile.size(url)
        }
        for (arm, int8) in quantized {
            guard let network = models[origin(of: arm)]?.network else { continue }
            let url = folder.appendingPathComponent("\(arm.rawValue).safetensors")
            try StoredModel.write(int8.model, description: description(of: network, arm), to: url)
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
            let shape: Shape = [data.test.height, data.test.width, data.test.channels]
            let plan = try InferencePlan(
                NetworkGraph(tracing: network, inputShape: shape).foldingBatchNorm().fusingActivations())
            predict = { plan($0) }
        } else {
            return 0
        }
        return InferenceSpeed.imagesPerSecond(on: data.test, normalization: data.normalization, predict)
    }

    private func description(of network: ConvNet, _ arm: Arm) -> ModelFile.Description {
        ModelFile.Description(
            architecture: Architecture(
                .convNet(width: arm.width), height: data.train.height, width: data.train.width,
                channels: data.train.channels, classes: data.train.classCount
            ).keeping(widthsOf: network),
            normalization: data.normalization, classNames: data.train.classNames)
    }
}

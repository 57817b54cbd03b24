import Foundation
import Retort

/// What a model file holds.
struct ModelInfo: CommandResult {
    struct Array: Encodable {
        let name, type: String
        let shape: [Int]
    }

    let model, architecture, image: String
    let isQuantized: Bool
    let bytes: Int
    /// Numbers that were learnt; a quantised model has its normalisations in the weights and biases of other layers.
    let parameters: Int
    /// Products that are summed for one image.
    let multiplyAdds: Int
    /// The most that the results of its steps take together while one image goes through.
    let peakActivationBytes: Int
    let classes: [String]
    let mean, deviation: [Float]
    /// In the order in which they run, the input first; of a model in FP32 as it was trained.
    let steps: [Step]
    /// All that the file holds, by name.
    let arrays: [Array]

    init(_ stored: StoredModel, name: String) throws {
        model = name
        architecture = stored.description.architecture.name
        image = stored.imageSize.description
        bytes = try OutputFile.size(stored.url)
        classes = stored.description.classNames
        mean = stored.description.normalization.mean
        deviation = stored.description.normalization.deviation
        arrays = try SafetensorsFile.read(stored.url).entries.sorted { $0.key < $1.key }.map {
            Array(name: $0.key, type: $0.value.dataType.rawValue, shape: $0.value.shape.extents)
        }
        switch stored.network {
        case .float(let module):
            let graph = try NetworkGraph(tracing: module, inputShape: stored.imageSize.shape)
            steps = graph.nodes.map { Step($0, multiplyAdds: graph.multiplyAdds(of: $0)) }
            (parameters, isQuantized) = (module.parameterCount, false)
            peakActivationBytes = try InferencePlan(graph.foldingBatchNorm().fusingActivations()).peakActivationBytes
        case .int8(let model):
            steps = model.steps.map { Step($0) }
            (parameters, isQuantized) = (steps.reduce(0) { $0 + $1.numbers }, true)
            peakActivationBytes = model.peakActivationBytes
        }
        multiplyAdds = steps.reduce(0) { $0 + $1.multiplyAdds }
    }

    var description: String {
        """
        \(model): \(architecture), \(isQuantized ? "INT8" : "FP32"), \(grouped(bytes)) bytes, \
        \(grouped(parameters)) parameters, \(grouped(multiplyAdds)) multiply-adds
        memory   activations of one image take up to \(grouped(peakActivationBytes)) bytes
        images   \(image), mean \(mean), deviation \(deviation)
        classes  \(classes.joined(separator: ", "))

        \(TextTable(rows: [isQuantized ? Step.integerHeader : Step.header] + steps.map { $0.cells(isQuantized) }))
        """
    }
}

extension ModelInfo {
    /// One step of a network.
    struct Step: Encodable {
        let operation: String
        /// Of the layer in the network that was trained; nil for what is no layer.
        let path: String?
        let type: String
        /// Of the result for one image.
        let shape: [Int]
        /// Statistics of normalisations are among the numbers.
        let multiplyAdds, numbers, bytes: Int
        /// Of the weights, the smallest and the largest of all channels.
        let weightScales: [Float]?
        /// Of the result's bytes.
        let scale: Float?
        let zeroPoint: UInt8?

        init(_ step: StepSummary) {
            operation = step.operation
            path = step.path
            type = step.isFloat ? "FP32" : "INT8"
            shape = step.shape.extents
            (multiplyAdds, numbers, bytes) = (step.multiplyAdds, step.parameters, step.byteCount)
            weightScales = step.weightScales.map { [$0.lowerBound, $0.upperBound] }
            scale = step.quantization?.scale
            zeroPoint = step.quantization?.zeroPoint
        }

        init(_ node: NetworkGraph.Node, multiplyAdds: Int) {
            operation = node.operation?.description ?? "input"
            path = node.layerPath
            type = "FP32"
            shape = node.shape.extents
            self.multiplyAdds = multiplyAdds
            numbers = node.tensors.reduce(0) { $0 + $1.count }
            bytes = MemoryLayout<Float>.size * numbers
            (weightScales, scale, zeroPoint) = (nil, nil, nil)
        }

        static let header = ["step", "from", "result", "multiply-adds", "numbers", "bytes"]
        static let integerHeader = header + ["type", "weights' scales", "result's scale", "zero"]

        func cells(_ withScales: Bool) -> [String] {
            func number(_ count: Int) -> String { count == 0 ? "" : grouped(count) }
            let cells = [
                operation, path ?? "", shape.map(String.init).joined(separator: "×"), number(multiplyAdds),
                number(numbers), number(bytes),
            ]
            guard withScales else { return cells }
            return cells + [
                type, weightScales.map { $0.map(significant).joined(separator: " … ") } ?? "",
                scale.map(significant) ?? "", zeroPoint.map { "\($0)" } ?? "",
            ]
        }
    }
}

/// Three digits of a number of any size.
private func significant(_ value: Float) -> String { String(format: "%.3g", Double(value)) }

import Autograd
import Foundation
import Graph
import TensorCore

/// The text form of a program's steps: what the arrays of the file do not say, without what follows from the steps before.
struct ProgramRecord: Codable {
    struct Step: Codable {
        var op: String
        /// The step before it when absent.
        var `in`: [Int]?
        var add: Int?
        var relu: Bool?
        /// The result is numbers, not bytes.
        var float: Bool?
        /// Of the layer in the network that it came from.
        var from: String?
        var stride: [Int]?
        var pad: [Int]?
        var dilation: [Int]?
        var groups: Int?
        var window: [Int]?
        var countsPadding: Bool?
        var axis: Int?
        var factor: Double?
    }

    /// 1 had neither layers in single precision nor paths.
    static let currentVersion = 2
    /// The key in the file's metadata.
    static let key = QuantizedModel.metadataKey

    var version: Int
    /// Extents of one image.
    var input: [Int]
    /// All but the input.
    var steps: [Step]
}

extension QuantizedModel {
    /// The key in a file's metadata that tells a quantised model from other safetensors files.
    public static let metadataKey = "retort.int8"

    /// The file's content: per layer `N.weight` (I8), and for all layers one after another `bias` (I32) and `scale` (F32, the
    /// weights' scales); `activation.scale` (F32) and `activation.zero` (U8) of each step with bytes; the steps in the
    /// metadata. A layer in single precision has `N.weight` (F32) and `N.bias` (F32) instead.
    func file(metadata: [String: String]) -> SafetensorsFile {
        let steps = network.program.steps
        let record = ProgramRecord(
            version: ProgramRecord.currentVersion, input: inputShape.extents,
            steps: steps.enumerated().dropFirst().map { ProgramRecord.Step($1, at: $0) })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // A record holds finite numbers and strings, which always encode.
        let text = (try? encoder.encode(record)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        require(
            metadata[ProgramRecord.key] == nil, "QuantizedModel: the metadata key \(ProgramRecord.key) is its own")
        var file = SafetensorsFile(metadata: metadata.merging([ProgramRecord.key: text]) { $1 })
        for (index, step) in steps.enumerated() {
            if let layer = step.layer {
                file.entries["\(index).weight"] = .init(layer.weights, shape: step.weightShape(layer.geometry))
            } else if let layer = step.floatLayer {
                file.entries["\(index).weight"] = .init(
                    layer.weights.scalars, shape: step.weightShape(layer.geometry))
                file.entries["\(index).bias"] = .init(layer.bias.scalars)
            }
        }
        let layers = steps.compactMap(\.layer)
        let quantizations = steps.compactMap(\.quantization)
        file.entries["bias"] = .init(layers.flatMap(\.bias))
        file.entries["scale"] = .init(layers.flatMap(\.scales))
        file.entries["activation.scale"] = .init(quantizations.map(\.scale))
        file.entries["activation.zero"] = .init(quantizations.map(\.zeroPoint))
        return file
    }

    /// Writes the model as one safetensors file, whole or not at all.
    ///
    /// - Parameter metadata: strings to keep with it, such as the names of classes and the inputs' normalisation.
    /// - Throws: `FileWriteError`.
    public func write(to url: URL, metadata: [String: String] = [:]) throws {
        try file(metadata: metadata).write(to: url)
    }

    /// Bytes of the model's file, without metadata.
    public var byteCount: Int { file(metadata: [:]).encoded().count }
}

extension IntegerProgram.Step {
    fileprivate func weightShape(_ geometry: Conv2DGeometry) -> Shape {
        guard case .dense? = operation else { return geometry.weightShape }
        return [geometry.inputChannels, geometry.outputChannels]
    }
}

extension ProgramRecord.Step {
    /// Describes a step; what has its usual value is left out.
    fileprivate init(_ step: IntegerProgram.Step, at index: Int) {
        op = step.name
        `in` = step.inputs == [index - 1] ? nil : step.inputs
        add = step.residual
        relu = step.relu ? true : nil
        float = step.quantization == nil ? true : nil
        from = step.path
        switch step.operation {
        case .convolution2D(let g):
            stride = Self.pair(g.strideHeight, g.strideWidth, usually: 1)
            pad = Self.pair(g.paddingHeight, g.paddingWidth, usually: 0)
            dilation = Self.pair(g.dilationHeight, g.dilationWidth, usually: 1)
            groups = g.groups == 1 ? nil : g.groups
        case .maxPool2D(let g): describe(g)
        case .averagePool2D(let g):
            describe(g)
            countsPadding = g.countsPadding ? nil : false
        case .concatenate(let axis): self.axis = axis
        case .scale(let factor): self.factor = Double(factor)
        default: break
        }
    }

    private mutating func describe(_ g: Pool2DGeometry) {
        window = [g.windowHeight, g.windowWidth]
        stride = [g.strideHeight, g.strideWidth]
        pad = Self.pair(g.paddingHeight, g.paddingWidth, usually: 0)
    }

    private static func pair(_ vertical: Int, _ horizontal: Int, usually: Int) -> [Int]? {
        vertical == usually && horizontal == usually ? nil : [vertical, horizontal]
    }
}

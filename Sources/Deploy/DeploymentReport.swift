import Datasets
import Foundation
import Prune
import Quantize
import TensorCore

/// What is known of the forms that a model could be shipped in.
public struct DeploymentReport: Encodable, Sendable {
    /// The images that an INT8 model was calibrated on: ranges of activations and repairs come from them.
    public struct Calibration: Encodable, Sendable {
        /// How many there were, of how many for training, and how many were asked for.
        public let images, of, asked: Int

        /// Of a set, as many as asked for or all that there are.
        public init(asked: Int, of images: any ImageSource) {
            (self.images, of, self.asked) = (min(asked, images.count), images.count, asked)
        }

        /// In a line.
        public var text: String {
            "calibrated on \(images) of \(of) training images" + (images < asked ? " (\(asked) asked for)" : "")
        }
    }

    /// A node of the last INT8 variant.
    public struct Layer: Encodable, Sendable {
        /// The layer's path, or the operation of what is no layer.
        public let name: String
        /// The operation.
        public let operation: String
        /// The extents of the result for one image.
        public let shape: [Int]
        /// Signal to noise of the INT8 result against the FP32 one, in decibels; nil where they are equal.
        public let signalToNoise: Double?
        /// The same of a model whose weights are rounded to nearest and nothing else.
        public let roundedSignalToNoise: Double?
        /// Why the INT8 model computes it in FP32; nil where it does not.
        public let floatReason: String?

        init(_ layer: LayerNoise, rounded: LayerNoise) {
            (name, operation) = (layer.name, layer.operation)
            shape = layer.shape.extents
            signalToNoise = layer.signalToNoise.isFinite ? layer.signalToNoise : nil
            roundedSignalToNoise = rounded.signalToNoise.isFinite ? rounded.signalToNoise : nil
            floatReason = layer.floatReason
        }
    }

    /// What is left of the validation accuracy when some filters of one layer are cut and nothing is trained.
    public struct Sensitivity: Encodable, Sendable {
        /// The layers whose filters go together.
        public let layer: String
        /// The number of their filters.
        public let channels: Int
        /// In percent, by the share of the filters that is cut.
        public let accuracies: [String: Double]

        init(_ found: FilterSensitivity) {
            // As options and the other tables call a layer, without its parameter.
            layer = found.layers.map { $0.hasSuffix(".weight") ? String($0.dropLast(7)) : $0 }.joined(separator: " + ")
            channels = found.filters
            let entries = found.trials.map { (String(format: "%.0f %%", 100 * $0.share), 100 * $0.score) }
            accuracies = Dictionary(uniqueKeysWithValues: entries)
        }
    }

    /// The model's file, and the name of the data set.
    public let model, data: String
    /// What a user should know of the data set.
    public let notes: DataNotes
    /// What ranges of activations were found on.
    public let calibration: Calibration
    /// The file that was written.
    public let output: String
    /// The sizes of both files.
    public let outputBytes, modelBytes: Int
    /// The threads that computed when speeds were measured.
    public let threads: Int
    /// The instructions that the kernels used.
    public let processor: String
    /// Every form that was measured, the model itself first.
    public let variants: [DeploymentVariant]
    /// On the first calibration images, the input first.
    public let layers: [Layer]
    /// What speaks against the last INT8 variant; nil where nothing does.
    public let warning: String?
    /// The share of the weights of the last variant that are 0.
    public let sparsity: Double
    /// Empty where none was asked for.
    public let sensitivities: [Sensitivity]
    /// Whether the INT8 variants are of files that were not written.
    public let isForecast: Bool
    /// The variant that was written; nil where none was measured.
    public var writtenVariant: DeploymentVariant? { isForecast ? variants.last { $0.type == "FP32" } : variants.last }

    /// Puts a report together.
    ///
    /// - Parameters:
    ///   - stored: the model that the variants were made of.
    ///   - data: the data set that they were measured on.
    ///   - calibration: what ranges of activations were found on.
    ///   - output: the file that a variant was written to, the last one or the last in FP32.
    ///   - variants: what was measured.
    ///   - noise: of the last INT8 variant.
    ///   - rounded: of an INT8 variant whose weights are rounded to nearest and nothing else, layer for layer.
    ///   - sparsity: the share of the weights of the last variant that are 0.
    ///   - sensitivities: of the model's layers.
    ///   - isForecast: whether the last FP32 variant was written, and INT8 ones say what quantising it would give.
    /// - Throws: an error where the size of a file cannot be read.
    public init(
        of stored: StoredModel, on data: DividedData, calibratedOn calibration: Calibration, written output: URL,
        variants: [DeploymentVariant], noise: [LayerNoise], rounded: [LayerNoise], sparsity: Double,
        sensitivities: [Sensitivity] = [], isForecast: Bool = false
    ) throws {
        model = stored.url.relativePath
        (self.data, notes, self.calibration) = (data.name, data.notes, calibration)
        self.output = output.relativePath
        outputBytes = try OutputFile.size(output)
        modelBytes = try OutputFile.size(stored.url)
        threads = Parallel.threads
        processor = "\(SIMDLevel.active)"
        self.variants = variants
        layers = zip(noise, rounded).map { Layer($0, rounded: $1) }
        warning = layers.last?.signalToNoise.flatMap { Self.warning(atOutput: $0) }
        self.sparsity = sparsity
        self.sensitivities = sensitivities
        self.isForecast = isForecast
    }

    /// What to say of a model whose errors at the output are not far below its outputs: under 3 dB, half of their
    /// square sum.
    private static func warning(atOutput signalToNoise: Double) -> String? {
        guard signalToNoise < 3 else { return nil }
        let found = String(format: "%.1f", signalToNoise)
        return "at the output, signal to noise is \(found) dB: the errors of INT8 are about as large as what the model "
            + "computes; the layer where it falls first needs another --observer, --equalize or --keep-fp32, or the "
            + "whole model --qat"
    }
}

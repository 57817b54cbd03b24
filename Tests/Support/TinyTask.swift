import Autograd
import Datasets
import Layers
import TensorCore

/// A task that a network of a few hundred weights learns in a second: 8×8 images of three classes, told apart by which
/// quarter is bright, in noise.
public enum TinyTask {
    /// Images with labels 0, 1, 2, 0, 1, 2 …; the same for the same seed.
    public static func images(_ count: Int, seed: UInt64 = 1, firstID: Int = 0) -> ImageSet {
        let labels = (0..<count).map { $0 % 3 }
        var pixels: [UInt8] = []
        for (place, label) in labels.enumerated() {
            var random = Philox(seed: seed, sample: firstID + place)
            for y in 0..<8 {
                for x in 0..<8 {
                    let isBright = label == 0 ? y < 4 && x < 4 : label == 1 ? y < 4 && x >= 4 : y >= 4 && x < 4
                    pixels.append(UInt8(random.index(below: 100) + (isBright ? 120 : 0)))
                }
            }
        }
        return ImageSet(
            pixels: pixels, height: 8, width: 8, channels: 1, labels: labels, classNames: ["a", "b", "c"],
            sampleIDs: (0..<count).map { firstID + $0 })
    }
}

/// A network with all that makes a run's state: convolution, batch statistics, random dropout, two named maps.
public struct TinyNet: Module {
    var first: ConvolutionBlock
    var second: ConvolutionBlock
    var dropout: Dropout
    var classifier: Dense

    /// Input [N, 8, 8, 1], output [N, classes]; maps `early` [N, 8, 8, width] and `late` [N, 4, 4, 2 · width].
    public init(width: Int = 3, classes: Int = 3, dropout: Float = 0.1, seed: UInt64) {
        var random = Philox(seed: seed, operation: RandomPurpose.initialization)
        first = ConvolutionBlock(1, width, using: &random)
        second = ConvolutionBlock(width, 2 * width, stride: 2, using: &random)
        self.dropout = Dropout(dropout)
        classifier = Dense(2 * width * 16, classes, using: &random)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        let late = second(first(input).named("early")).named("late")
        return classifier(dropout(late.flattened()))
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("first", &first)
        visitor("second", &second)
        visitor("classifier", &classifier)
    }
}

/// Adds noise that depends on everything a transform may depend on: seed, epoch, sample, draw and strength.
public struct TinyNoise: BatchTransform, Codable {
    /// The standard deviation of the noise.
    public var deviation: Float

    /// Creates the transform.
    public init(deviation: Float = 0.3) { self.deviation = deviation }

    public func callAsFunction(_ raw: RawBatch, normalization: Normalization) -> Batch {
        var batch = PlainTransform()(raw, normalization: normalization)
        var scalars = batch.inputs.scalars
        for row in 0..<batch.count {
            var random = Philox(
                seed: raw.seed, epoch: raw.epoch, sample: batch.sampleIDs[row],
                operation: RandomPurpose.augmentation + raw.draws[row])
            for index in row * batch.inputs.count / batch.count..<(row + 1) * batch.inputs.count / batch.count {
                scalars[index] += deviation * raw.strengths[row] * (2 * random.uniform() - 1)
            }
        }
        batch.inputs = Tensor(scalars, shape: batch.inputs.shape)
        return batch
    }
}

/// A controller whose state depends on all that it was ever told, and which steers both classes and strengths.
public struct TinySteering: DataController, Equatable {
    /// How much a class gains when it is wrong.
    public var step: Double
    /// Reports seen.
    public private(set) var reports = 0
    private var weights: [Double] = []
    private var losses: [Int: Float] = [:]

    /// Creates a controller that has seen nothing.
    public init(step: Double = 1) { self.step = step }

    public mutating func validated(_ report: ClassReport) {
        reports += 1
        if weights.isEmpty { weights = [Double](repeating: 1, count: report.confusion.count) }
        for (label, loss) in report.classLosses.enumerated() {
            weights[label] = 0.5 * weights[label] + step * loss + 0.1
        }
    }

    public mutating func trained(epoch: Int, sampleLosses: [Int: Float]) {
        for (id, loss) in sampleLosses { losses[id] = 0.5 * (losses[id] ?? 0) + 0.5 * loss }
    }

    public func fits(classes: Int) -> Bool {
        (0..<1 << 40).contains(reports) && (weights.isEmpty || weights.count == classes)
    }

    public var classProbabilities: [Double]? { weights.isEmpty ? nil : weights }
    public func strength(forSample id: Int) -> Float { min(2, 0.5 + (losses[id] ?? 0.5)) }
}

extension Module {
    /// The bits of every tensor, by path: equal if and only if two models are the same to the last bit.
    public var bits: [String: [UInt32]] { tensors.mapValues { $0.scalars.map(\.bitPattern) } }
}

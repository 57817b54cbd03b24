import Augment
import Datasets
import Distill
import Layers
import TensorCore
import Training

/// What is known of a distillation before its first step, and what ``ClosedLoop`` decides by.
public struct LoopEvidence: Sendable, Hashable, Codable {
    /// A share of images, with its standard error.
    public struct Share: Sendable, Hashable, Codable {
        /// In 0 ... 1, as the error.
        public let value, error: Double

        /// Creates a share.
        public init(value: Double, error: Double) { (self.value, self.error) = (value, error) }

        /// So many of a number of images. The error is that of Agresti and Coull's interval (The American Statistician
        /// 52, 1998), which is not 0 where all or none are.
        init(_ part: Int, of count: Int) {
            let middle = Double(part + 2) / Double(count + 4)
            self.init(
                value: count == 0 ? 0 : Double(part) / Double(count),
                error: (middle * (1 - middle) / Double(count + 4)).squareRoot())
        }
    }

    /// How much of its probability the teacher keeps on views of one strength.
    public struct Reading: Sendable, Hashable, Codable {
        /// The factor on the policy's strength.
        public let strength: Double
        /// The mean over images of what is left of the teacher's probability of the class that it reads in the image as
        /// it is.
        public let kept: Share

        /// Creates a reading.
        public init(strength: Double, kept: Share) { (self.strength, self.kept) = (strength, kept) }
    }

    /// The images of each class whose labels are used.
    public var classCounts: [Int]
    /// Labelled images in which the teacher reads their label.
    public var agreement: Share
    /// Validation images in which it reads their label; nil where none have one.
    public var accuracy: Share?
    /// By strength, descending from 1; empty without a policy.
    public var readings: [Reading]

    /// Creates evidence.
    public init(classCounts: [Int], agreement: Share, accuracy: Share?, readings: [Reading]) {
        (self.classCounts, self.agreement, self.accuracy) = (classCounts, agreement, accuracy)
        self.readings = readings
    }

    /// The factors on a policy's strength that are tried.
    static let strengths = [1, 0.75, 0.5, 0.35, 0.25]

    /// The most images of each kind that are looked at.
    static let sampleSize = 512

    /// Asks the teacher: a pass over up to 512 labelled and as many validation images, and one over the former for each
    /// strength.
    ///
    /// - Parameters:
    ///   - teacher: what teaches.
    ///   - data: the images.
    ///   - policy: the augmentation; nil for none.
    ///   - seeing: what the teacher's images go through: the policy, or what brings its views to the teacher's size.
    ///   - seed: what the views' draws depend on.
    /// - Throws: what the images' sources throw.
    public static func measured(
        _ teacher: Distiller, on data: TrainingData, policy: AugmentationPolicy?, seed: UInt64,
        seeing: (any BatchTransform) -> any BatchTransform = { $0 }
    ) throws -> LoopEvidence {
        let labelled = data.labelled.subset(evenly: sampleSize)
        func logits(of images: any ImageSource, _ transform: any BatchTransform) throws -> [Row] {
            try rows(of: images, normalization: data.normalization, transform: seeing(transform), seed: seed) {
                teacher.teacherLogits(of: $0)
            }
        }
        let plain = try logits(of: labelled, PlainTransform())
        let held = try data.validation.map { try logits(of: $0.subset(evenly: sampleSize), PlainTransform()) } ?? []
        var readings: [Reading] = []
        if let policy, !policy.steps.isEmpty {
            readings = try strengths.map { strength in
                let views = try logits(of: labelled, strength == 1 ? policy : policy.scaled(by: strength))
                let kept = zip(plain, views).map { plain, view in
                    min(1, view.probabilities[plain.choice] / max(plain.probabilities[plain.choice], .ulpOfOne))
                }
                return Reading(strength: strength, kept: Share(meanOf: kept.map(Double.init)))
            }
        }
        return LoopEvidence(
            classCounts: data.labelled.index.placesByClass.map(\.count), agreement: Share(right: plain),
            accuracy: held.contains { $0.label != nil } ? Share(right: held) : nil, readings: readings)
    }

    /// What a teacher makes of an image.
    fileprivate struct Row {
        let label: Int?
        let probabilities: [Float]

        var choice: Int { probabilities.indices.reduce(0) { probabilities[$1] > probabilities[$0] ? $1 : $0 } }
    }

    private static func rows(
        of images: some ImageSource, normalization: Normalization, transform: any BatchTransform, seed: UInt64,
        asking teacher: (Batch) -> Tensor
    ) throws -> [Row] {
        var rows: [Row] = []
        var batches = images.batches(
            of: images.evaluationBatchSize, normalization: normalization, transform: transform, seed: seed)
        while let batch = try batches.next() {
            let probabilities = softmax(teacher(batch))
            let (values, classes) = (probabilities.scalars, probabilities.shape[1])
            rows += batch.labels.enumerated().map { row, label in
                Row(label: label, probabilities: Array(values[row * classes..<(row + 1) * classes]))
            }
        }
        return rows
    }
}

extension LoopEvidence.Share {
    /// A mean of numbers in 0 ... 1.
    fileprivate init(meanOf values: [Double]) {
        let count = Double(max(1, values.count))
        let mean = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, count - 1)
        self.init(value: mean, error: (variance / count).squareRoot())
    }

    fileprivate init(right rows: [LoopEvidence.Row]) {
        let labelled = rows.filter { $0.label != nil }
        self.init(labelled.count { $0.choice == $0.label }, of: labelled.count)
    }
}

import Augment
import Datasets
import Distill
import Layers
import TensorCore
import Training

/// One training of a student: a method, its images, and a teacher where the method has one.
public struct StudentTraining {
    /// What the trainer gets.
    public let images: TrainingData
    /// Nil where the method has no teacher.
    public let distiller: Distiller?
    /// What judges views; nil where nothing does.
    public let gate: TeacherGate?

    /// Puts a training together.
    ///
    /// - Parameters:
    ///   - method: what the training has beyond its labels.
    ///   - labelled: the images whose labels are used.
    ///   - data: where the images without labels, the validation images and the normalization come from.
    ///   - policy: the augmentation, at the strength wanted.
    ///   - teacher: used by methods that distil, which need one; without it they stop the program.
    ///   - seed: what random draws depend on.
    public init(
        _ method: TrainingMethod, on labelled: any ImageSource, of data: PartlyLabelledData, policy: AugmentationPolicy,
        teacher: (any Module)? = nil, seed: UInt64
    ) {
        let teacher = method.contains(.distillation) ? teacher : nil
        require(
            (teacher != nil) == method.contains(.distillation), "StudentTraining: a method that distils, and no teacher"
        )
        gate = method.contains(.judged) ? teacher.map { teacher in TeacherGate(policy) { teacher.predict($0) } } : nil
        let plain: any BatchTransform = method.contains(.augmentation) ? policy : PlainTransform()
        images = TrainingData(
            labelled: labelled, unlabelled: method.contains(.unlabelled) ? data.unlabelled : nil,
            validation: data.validation, normalization: data.normalization, transform: gate ?? plain,
            controllers: method.controllers(policy, seed: seed))
        distiller = teacher.map { teacher in
            var distiller = Distiller(
                teacher: teacher, temperature: method.temperature, hardLabelWeight: method.hardLabelWeight,
                hints: method.featureHints)
            if method.contains(.hints) {
                let features = FeaturePolicy(mask: TrainingMethod.featureMask)
                distiller.perturbing = { shape, random in features.draw(shape: shape, using: &random) }
            }
            return distiller
        }
    }

    /// Trains a network.
    ///
    /// - Parameter progress: called after each step.
    /// - Throws: `TrainingError` where the loss is not finite, and `FormatError` for images that cannot be learnt from.
    public func fit(
        _ network: inout some Module, plan: TrainingPlan, progress: (@Sendable (TrainingProgress) -> Void)?
    ) throws -> History {
        guard let distiller else { return try Trainer(plan, on: images, progress: progress).fit(&network) }
        return try distiller.fit(&network, on: images, plan: plan, progress: progress)
    }
}

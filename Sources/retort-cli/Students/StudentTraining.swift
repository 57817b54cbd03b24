import Retort

/// One training of the demo or of an experiment: a method, its images, and a teacher where the method has one.
struct StudentTraining {
    /// What the trainer gets.
    let images: TrainingData
    /// Nil where the method has no teacher.
    let distiller: Distiller?
    /// What judges views; nil where nothing does.
    let gate: TeacherGate?

    /// Puts a training together.
    ///
    /// - Parameters:
    ///   - labelled: the images whose labels are used.
    ///   - policy: of augmentation, at the strength wanted.
    ///   - teacher: looked at by methods that distil, which need one.
    init(
        _ method: Method, on labelled: ImageSet, of data: DemoData, policy: AugmentationPolicy,
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
                let features = FeaturePolicy(mask: Method.featureMask)
                distiller.perturbing = { shape, random in features.draw(shape: shape, using: &random) }
            }
            return distiller
        }
    }

    /// Trains a network.
    func fit(
        _ network: inout some Module, plan: TrainingPlan, progress: (@Sendable (TrainingProgress) -> Void)?
    ) throws -> History {
        guard let distiller else { return try Trainer(plan, on: images, progress: progress).fit(&network) }
        return try distiller.fit(&network, on: images, plan: plan, progress: progress)
    }
}

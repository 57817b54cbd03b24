// Snippets of documentation comments that no page and no example contains, so that they are compiled. Nothing here is
// run.
import Foundation
import Retort

private func files(_ url: URL, _ logits: Tensor, _ weights: Tensor) throws -> (Tensor, Tensor) {
    let images = try NPY.read(url)
    try NPY.write(logits, to: url)

    func stored() throws -> Tensor {
        var file = SafetensorsFile(metadata: ["architecture": "…"])
        file.entries["conv1.weight"] = .init(weights)
        try file.write(to: url)
        let weights = try SafetensorsFile.read(url).tensor("conv1.weight", shape: [3, 3, 1, 16])
        return weights
    }
    return (images, try stored())
}

private func activation(_ x: Variable) -> (Variable, OperationRegistry) {
    struct QuickGELU: ElementwiseOperation {
        static let name = "example.quickGELU"
        func value(at x: Float) -> Float { x / (1 + exp(-1.702 * x)) }
        func slope(at x: Float) -> Float {
            let gate = 1 / (1 + exp(-1.702 * x))
            return gate + 1.702 * x * gate * (1 - gate)
        }
    }
    let y = x.applying(QuickGELU())

    let operations = OperationRegistry.standard.adding(QuickGELU.self)
    return (y, operations)
}

private func views(
    _ plan: EpochPlan, _ policy: AugmentationPolicy, _ normalization: Normalization, _ strong: AugmentationPolicy,
    _ teacher: ConvNet
) throws -> (TwoViews, TeacherGate) {
    var batches = BatchLoader(plan, transform: policy, normalization: normalization).makeIterator()
    while let batch = try batches.next() { print(batch.inputs.shape) }

    let views = TwoViews(weak: .digits, strong: strong)  // two policies, or any transforms
    let gate = TeacherGate(policy) { teacher.predict($0) }
    return (views, gate)
}

private func policy() -> AugmentationPolicy {
    let policy = AugmentationPolicy {
        Affine(rotate: -30...30, scale: 0.8...1.2, translate: 0.2).probability(0.8)
        GaussianNoise(standardDeviation: 0.1).probability(0.25)
        OneOf {
            Gamma(0.7...1.5)
            Cutout(size: 0.3)
        }
    }
    return policy
}

private struct Fields {
    /// Degrees, counter-clockwise as one sees it.
    @Field("rotate", within: -180...180, neutral: 0) var rotate: ClosedRange<Double>
    /// What is read beyond the edges.
    @Field("border") var border: ImageBorder
}

struct Lean: PixelOperation {
    static let name = "lean"
    static let template = Lean(slope: 0)
    static let isGeometric = true

    /// The largest share of the height by which a column rises, either way.
    @Field("slope", within: 0...1, neutral: 0, required: true) var slope: Double

    init(slope: Double) { self.slope = slope }

    mutating func visitFields(_ visit: FieldVisitor) { visit(&_slope) }

    var effects: [PixelEffect]? { [.shears(degrees: atan(slope) * 180 / .pi)] }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let drawn = stream.uniform(in: -slope...slope)
        view.append(.warp(Warp(yx: drawn, y0: -drawn * Double(extent.width) / 2, border: .zero)))
    }
}

private func distillation(
    _ student: inout ConvNet, _ teacher: ConvNet, _ digits: Digits, _ policy: AugmentationPolicy, _ plan: TrainingPlan
) throws -> History {
    let history = try Distiller(teacher: teacher, temperature: .linear(from: 3, to: 1))
        .fit(&student, on: digits.train, validatingOn: digits.validation, augmentedBy: policy, plan: plan)
    return history
}

private func mutual(
    _ student: inout ConvNet, _ peer: inout ConvNet, _ data: TrainingData, _ plan: TrainingPlan
) throws -> History {
    let history = try MutualLearning().fit(&student, &peer, on: data, plan: plan)
    let other = history.peers[0]
    return other
}

private func ensemble(_ first: ConvNet, _ second: ConvNet, _ third: ConvNet) -> Distiller {
    let distiller = Distiller(teacher: Ensemble([first, second, third], averaging: .probabilities))
    return distiller
}

private func average(_ student: ConvNet) -> Distiller {
    let teacher = MeanTeacher(of: student, decay: 0.99)
    let distiller = Distiller(teacher: teacher, hardLabelWeight: .linear(from: 1, to: 0.5))
    return distiller
}

private func term(_ distiller: inout Distiller) {
    struct LogitDistance: DistillationTerm {
        let name = "logits"
        let weight: Float = 0.1

        func callAsFunction(_ step: DistillationStep) -> Variable {
            step.student.logits.meanSquaredError(to: step.teacher.logits)
        }
    }

    distiller.terms = [LogitDistance()]
}

private func optimizer() -> TrainingPlan {
    struct SignDescent: OptimizerRule {
        var momentum: Float = 0.9

        func step(
            _ value: inout Tensor, along gradient: Tensor, state: inout [String: Tensor], at step: OptimizerStep
        ) {
            let mean = (state["mean"] ?? .zeros(value.shape)) * momentum + gradient * (1 - momentum)
            value.add(mean.map { $0 < 0 ? -1 : 1 }, scaledBy: -step.rate)
            state["mean"] = mean
        }
    }

    let plan = TrainingPlan(steps: 500, optimizer: .init(SignDescent()))
    return plan
}

private func groups(_ plan: inout TrainingPlan) {
    plan.groups = [.frozen("stem"), ParameterGroup("stage1", rateFactor: 0.1)]
}

private func inference(_ model: ConvNet, _ images: Tensor) throws -> Tensor {
    let graph = try NetworkGraph(tracing: model, inputShape: [28, 28, 1])
        .foldingBatchNorm().fusingActivations()
    let logits = try InferencePlan(graph)(images)
    return logits
}

private func sensitivity(_ student: ConvNet, _ evaluate: (ConvNet) -> Double) throws -> [FilterSensitivity] {
    let scan = try student.filterSensitivity(inputShape: [28, 28, 1]) { evaluate($0) }
    return scan
}

private func gradually(_ model: inout ConvNet, _ data: TrainingData, _ plan: TrainingPlan) throws {
    var pruning = GradualPruning(to: 0.8, over: 100...600, every: 25)
    _ = try Trainer(plan, on: data).fit(&model, afterStep: { pruning.update(&$0, steps: $1) })
}

private func masks(_ model: inout ConvNet, _ images: Tensor) throws {
    func plain() {
        let mask = PruningMask(sparsity: 0.5, of: model)
        mask.apply(to: &model)  // and again after each step of fine-tuning
    }
    plain()
    let mask = PruningMask(sparsity: 0.7, of: model)
    try mask.apply(to: &model, compensatingOn: images)
}

private func quantization(_ student: ConvNet, _ batches: [Tensor], _ images: Tensor, _ url: URL) throws -> Tensor {
    let int8 = try QuantizedModel(student, calibratedOn: batches)
    let logits = int8.predict(images)
    try int8.write(to: url)
    return logits
}

private func rounding(
    _ student: ConvNet, _ batches: [Tensor], _ data: TrainingData, _ plan: TrainingPlan
) throws -> QuantizedModel {
    var aware = try QuantizationAwareNetwork(student, calibratedOn: batches)
    _ = try Distiller(teacher: student).fit(&aware, on: data, plan: plan)  // or any Trainer
    let int8 = try aware.quantized()
    return int8
}

private func equalised(_ model: ConvNet, _ shape: Shape, _ batches: [Tensor]) throws -> QuantizedModel {
    let graph = try NetworkGraph(tracing: model, inputShape: shape).foldingBatchNorm().fusingActivations()
    let int8 = try QuantizedModel(graph: graph.equalizingLayers(), calibratedOn: batches)
    return int8
}

private func modelFile(
    _ network: ConvNet, _ description: ModelFile.Description, _ images: Tensor, _ url: URL
) throws -> Tensor {
    try ModelFile(network, inputShape: [28, 28, 1], description: description).write(to: url)
    let file = try ModelFile.read(url)
    let logits = file.predict(images)
    return logits
}

private func registry() -> NetworkRegistry {
    let networks = NetworkRegistry.standard.adding(
        NetworkFamily("wide-WIDTH", accepts: { $0.count == 1 }) { sizes, input, classes, seed in
            ConvNet(width: 4 * sizes[0], channels: input[2], classes: classes, seed: seed)
        })
    return networks
}

private func annotations(_ url: URL) throws -> ImageTargets? {
    let annotations = try COCOFile(url)
    let place = try annotations.place(of: "train/000000000139.jpg")
    let targets = try place.map { try annotations.targets(of: $0, height: 480, width: 640) }
    return targets
}

private func targeted(_ folder: URL, _ annotations: COCOFile, _ policy: AugmentationPolicy) throws {
    let size = ImageSize(height: 320, width: 320, channels: 3)
    let found = try UnlabelledFolder(folder, size: size)
    let (images, names) = (found.images, found.names)
    let source = TargetedSource(images) { id, height, width in
        try annotations.place(of: names[id]).map { try annotations.targets(of: $0, height: height, width: width) }
    }
    var batches = source.batches(of: 16, epoch: 0, seed: 1, through: policy)
    while let batch = try batches.next() { print(batch.images.count, batch.targets[0].boxes.count) }
}

private func rules(_ policy: AugmentationPolicy, _ raw: RawBatch, _ targets: [ImageTargets]) throws -> TargetedImages {
    // Left and right of pairs 1, 2 and 3, 4 change places in a mirror; 255 is what the loss ignores.
    let rules = try TargetRules(swaps: PointSwaps([(1, 2), (3, 4)]), mapFill: 255)
    let result = try policy.apply(to: raw, targets: targets, by: rules)
    return result
}

private func closedLoop(
    _ teacher: ConvNet, _ images: ImageSet, _ validation: ImageSet, _ normalization: Normalization,
    _ student: inout ConvNet, _ plan: TrainingPlan
) throws -> History {
    var data = TrainingData(labelled: images, validation: validation, normalization: normalization)
    var distiller = Distiller(teacher: teacher)
    let loop = ClosedLoop(try .measured(distiller, on: data, policy: .natural, seed: 1))
    loop.apply(to: &distiller, &data, policy: .natural)
    for decision in loop.decisions { print(decision) }
    let history = try distiller.fit(&student, on: data, plan: plan)
    return history
}

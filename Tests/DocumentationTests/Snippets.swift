// Snippets of the documentation that no example contains, so that they are compiled. Nothing here is run.
import Foundation
import Retort

private func tensors(_ url: URL) throws -> Tensor {
    var random = Philox(seed: 7)
    let images = Tensor(uniform: [8, 28, 28, 1], in: 0...1, using: &random)
    let weights = Tensor(normal: [3, 3, 1, 16], deviation: 0.3, using: &random)
    let geometry = Conv2DGeometry(input: (28, 28, 1), kernel: (3, 3), outputChannels: 16, padding: (1, 1))
    let maps = relu(convolution2D(images, weights, geometry))  // [8, 28, 28, 16]
    print(globalAverage(maps).argmax())  // the strongest channel of each image

    var file = SafetensorsFile(metadata: ["made of": "digits"])
    file.entries["conv.weight"] = .init(weights)
    try file.write(to: url)
    let again = try SafetensorsFile.read(url).tensor("conv.weight", shape: [3, 3, 1, 16])
    return again
}

private func gradients() {
    let tape = Tape(mode: .training)
    let slot = tape.bind(Tensor([1, -2, 3]), path: "w", needsGradient: true)
    if let w = tape.variable(at: slot) {
        let gradients = tape.gradients(of: (w * w).mean())
        print(gradients[slot]?.scalars ?? [])  // 2 w / 3
    }
}

extension Variable {
    /// x², elementwise.
    func squared() -> Variable {
        let x = value
        return tape.record(.learning("squared"), x * x, from: self) { upstream in upstream * x * 2 }
    }
}

struct Classifier: Module {
    var block: ConvolutionBlock
    var dense: Dense

    init(seed: UInt64) {
        var random = Philox(seed: seed, operation: RandomPurpose.initialization)
        block = ConvolutionBlock(1, 16, using: &random)
        dense = Dense(16, 10, using: &random)
    }

    func callAsFunction(_ input: Variable) -> Variable {
        dense(block(input).named("features").globalAveragePooled())
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("block", &block)
        visitor("dense", &dense)
    }
}

private func step(_ network: inout Classifier, _ batch: Batch) -> (Float, Gradients) {
    let (loss, gradients) = valueAndGradients(of: &network) { network, tape in
        network(tape.constant(batch.inputs)).softmaxCrossEntropy(labels: batch.labels)
    }
    return (loss, gradients)
}

private func ownLoss(
    _ network: inout Classifier, _ plan: TrainingPlan, _ data: TrainingData, _ url: URL
) throws -> History {
    let trainer = Trainer(plan, on: data, checkpoint: url)
    let history = try trainer.fit(&network, recipe: "labels and small logits") { network, batch, tape, _ in
        let logits = network(tape.constant(batch.inputs))
        let size = (logits * logits).mean()
        let loss = logits.crossEntropy(batch) + size * 0.001
        return StepLoss(loss, logits: logits.value, values: ["size": size.value.scalar])
    }
    return history
}

private func batches(
    _ split: (labelled: ImageSet, unlabelled: ImageSet, validation: ImageSet), _ normalization: Normalization
) throws {
    let plan = EpochPlan(
        sources: [.init(split.labelled, batchSize: 32), .init(split.unlabelled, batchSize: 32)],
        steps: 50, epoch: 0, seed: 1)
    var batches = BatchLoader(plan, normalization: normalization).makeIterator()
    while let batch = try batches.next() {
        print(batch.inputs.shape, batch.labels.count { $0 != nil })
    }
}

private func imageFiles(_ folder: URL, _ url: URL, _ output: URL) throws {
    let images = try EncodedImages(folder: folder, size: ImageSize(height: 32, width: 32, channels: 3))
    print(images.count, images.classNames)

    let photograph = try ImageFile.read(url)
    let small = photograph.converted(toChannels: 1).resized(height: 28, width: 28)
    try PNGFile.write(small, to: output)
}

private func linesOfText(_ folder: URL) throws -> EncodedImages {
    let size = ImageSize(height: 48, width: 192, channels: 3, keepsAspect: true)
    let lines = try EncodedImages(folder: folder, size: size)
    return lines
}

private func policyFile(_ url: URL) throws -> AugmentationPolicy {
    let policy = try AugmentationPolicy(json: Data(contentsOf: url), file: url.lastPathComponent).checked(for: .ocr)
    let gentler = policy.scaled(by: 0.5)
    return gentler
}

private func targets(_ policy: AugmentationPolicy, _ images: ImageSet) throws {
    let box = try BoundingBox([8, 6, 16, 12], as: .coco, label: 2, height: images.height, width: images.width)
    let raw = RawBatch(images: images, seed: 1, epoch: 0)
    let result = try policy.apply(to: raw, targets: [ImageTargets(boxes: [box])])
    for box in result.dropped[0] { print("box \(box.index): \(box.visibleShare) of it is left") }
}

private func mixedSizes(_ sets: [ImageSet], _ normalization: Normalization) -> Batch {
    let policy = AugmentationPolicy {
        RandomResizedCrop(area: 0.2...1)
        HorizontalFlip().probability(0.5)
        AugMix()
    }
    // Photographs of several sizes, a set for each, for a network that reads 96 × 96 pixels.
    let size = ImageSize(height: 96, width: 96, channels: 3)
    let images = RaggedImages.joined(sets.map { RaggedImages($0, readAt: size) })
    let batch = policy(RawBatch(images: images, seed: 1, epoch: 0), normalization: normalization)
    return batch
}

private func inference(_ model: ConvNet, _ images: Tensor) throws -> Tensor {
    let graph = try NetworkGraph(tracing: model, inputShape: [28, 28, 1])
    let fused = graph.foldingBatchNorm().fusingActivations()
    let plan = try InferencePlan(fused)
    let logits = plan(images)  // [N, 28, 28, 1] to [N, 10], any N
    for node in fused.nodes { print(node.description, node.shape) }
    return logits
}

private func quantization(_ student: inout ConvNet, _ batches: [Tensor], _ images: Tensor, _ url: URL) throws {
    let int8 = try QuantizedModel(student, calibratedOn: batches)
    let logits = int8.predict(images)
    try int8.write(to: url, metadata: ["classes": "0 1 2 3 4 5 6 7 8 9"])
    let (model, metadata) = try QuantizedModel.read(url)
    print(logits.argmax(), model.inputShape, metadata)

    let mask = PruningMask(sparsity: 0.5, of: student)
    mask.apply(to: &student)  // and again after each step

    for layer in try int8.layerNoise(of: student, on: images) {
        print(layer.name, layer.shape, layer.signalToNoise)  // in decibels
    }
}

private func repairs(
    _ student: ConvNet, under teacher: ConvNet, _ batches: [Tensor], _ data: TrainingData
) throws {
    let graph = try NetworkGraph(tracing: student, inputShape: [28, 28, 1]).foldingBatchNorm().fusingActivations()
    let equalised = try QuantizedModel(graph: graph.equalizingLayers(), calibratedOn: batches)

    let mixed = try QuantizedModel(student, calibratedOn: batches, floatLayers: ["stage1", "classifier"])
    for node in mixed.nodes { print(node.operation, node.path ?? "", node.byteCount, node.isFloat) }

    var aware = try QuantizationAwareNetwork(student, calibratedOn: batches)
    let plan = TrainingPlan(steps: 300, learningRate: .cosine(from: 0.03, to: 0))
    _ = try Distiller(teacher: teacher).fit(&aware, on: data, plan: plan)
    let trained = try aware.quantized()
    print(equalised.byteCount, trained.byteCount)
}

private func cExport(_ int8: QuantizedModel, _ folder: URL) throws {
    let export = try CExport(int8, name: "digits")
    try AtomicFile.write(Data(export.header.utf8), to: folder.appending(path: "digits.h"))
    try AtomicFile.write(Data(export.source.utf8), to: folder.appending(path: "digits.c"))
    print(export.constantBytes, export.staticBytes)
}

private func filterSensitivity(
    _ student: ConvNet, _ validation: ImageSet, _ normalization: Normalization
) throws {
    let scan = try student.filterSensitivity(inputShape: [28, 28, 1]) { network in
        network.evaluated(on: validation, normalization: normalization).accuracy
    }
    for layer in scan { print(layer.layers, layer.filters, layer.trials.map(\.score)) }
}

private func filterPruning(
    _ student: ConvNet, _ batches: [Batch]
) throws -> ConvNet {
    let small = try student.pruned(to: .multiplyAdds(0.5), inputShape: [28, 28, 1], channelMultiple: 8)
    print(small.parameterCount)

    let gradients = batches.map { batch in
        var copy = student
        let (_, slopes) = valueAndGradients(of: &copy) { model, tape in
            model(tape.constant(batch.inputs)).crossEntropy(batch)
        }
        return copy.parameters.reduce(into: [:]) { $0[$1.path] = slopes[$1.parameter.slot] }
    }
    let taught = try student.pruned(
        to: .bytes(30_000), inputShape: [28, 28, 1], by: .taylor(gradients: gradients))
    return taught
}

private func compensation(_ student: ConvNet, _ images: Tensor) throws -> (ConvNet, ConvNet) {
    var sparse = student
    try PruningMask(sparsity: 0.7, of: student).apply(to: &sparse, compensatingOn: images)
    let small = try student.pruned(
        to: .multiplyAdds(0.7), inputShape: [28, 28, 1], channelMultiple: 8, compensatingOn: images)
    return (sparse, small)
}

private func gradually(
    _ student: inout ConvNet, _ teacher: ConvNet, _ data: TrainingData, _ plan: TrainingPlan
) throws {
    var pruning = GradualPruning(to: 0.9, over: 50...400, every: 25)
    _ = try Distiller(teacher: teacher).fit(&student, on: data, plan: plan) { student, steps in
        pruning.update(&student, steps: steps)
    }
}

private func factorization(_ student: ConvNet, _ data: TrainingData, _ plan: TrainingPlan) throws -> TracedNetwork {
    let graph = try NetworkGraph(tracing: student, inputShape: [28, 28, 1]).factorized(to: .multiplyAdds(0.6))
    var small = try TracedNetwork(graph)
    _ = try Distiller(teacher: student).fit(&small, on: data, plan: plan)
    return small
}

private func selecting(
    _ student: inout ConvNet, _ teacher: ConvNet, _ policy: AugmentationPolicy, _ labelled: ImageSet,
    _ plan: TrainingPlan
) throws -> History {
    let copy = ModelCopy(of: student)
    let selector = ViewSelector(policy, candidates: 4) {
        teacher.predict($0)
    } student: {
        copy.predict($0)
    }
    let data = TrainingData(labelled: labelled, transform: selector)
    let history = try Distiller(teacher: teacher).fit(&student, on: data, plan: plan) { student, steps in
        if steps % plan.stepsPerEpoch == 0 { copy.renew(student) }
    }
    return history
}

private func losses(_ teacher: ConvNet) -> Distiller {
    var distiller = Distiller(teacher: teacher, loss: .standardized(.decoupled()), temperature: .constant(2))
    distiller.loss = .kullbackLeibler(reverse: 0.25)
    distiller.hints = [Hint("stage1", loss: .attention), Hint("stage2", weight: 0.02, loss: .relational())]
    return distiller
}

private func teachers(
    _ student: inout ConvNet, _ first: ConvNet, _ second: ResNet, _ data: TrainingData, _ plan: TrainingPlan,
    _ folder: URL
) throws {
    var distiller = Distiller(teacher: Ensemble([first, second], averaging: .crossEntropy))
    distiller.teacher = MeanTeacher(of: student, decay: 0.99)

    distiller.teacher = first
    distiller.teacherCache = folder
    for width in [4, 8, 16] {
        var student = ConvNet(width: width, channels: 1, classes: 10, seed: 7)
        _ = try distiller.fit(&student, on: data, plan: plan)
    }
}

private func generations(_ teacher: ConvNet, _ data: TrainingData, _ plan: TrainingPlan) throws -> Ensemble {
    var generations = [teacher]
    for seed in 1...3 {
        var student = ConvNet(width: 16, channels: 1, classes: 10, seed: UInt64(seed))
        _ = try Distiller(teacher: generations[seed - 1]).fit(&student, on: data, plan: plan)
        generations.append(student)
    }
    return Ensemble(generations, averaging: .logits)
}

private func assistants(_ big: ResNet, _ data: TrainingData, _ plan: TrainingPlan) throws -> any Module {
    var teacher: any Module = big
    for width in [32, 16, 8] {
        var student = ConvNet(width: width, channels: 1, classes: 10, seed: 7)
        _ = try Distiller(teacher: teacher).fit(&student, on: data, plan: plan)
        teacher = student
    }
    return teacher
}

private func mutual(_ data: TrainingData, _ plan: TrainingPlan) throws -> [Double?] {
    var student = ConvNet(width: 8, channels: 1, classes: 10, seed: 1)
    var peer = ConvNet(width: 16, channels: 1, classes: 10, seed: 2)
    let history = try MutualLearning().fit(&student, &peer, on: data, plan: plan)
    return [history.validationAccuracy, history.peers[0].validationAccuracy]
}

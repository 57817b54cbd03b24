import Retort

/// A piece of work that can be repeated: one call does `images` images.
struct Work {
    let images: Int
    let step: () -> Void

    /// Finds a work by its name: `train/NET`, `infer/NET`, `int8/NET`, `distill/TEACHER-STUDENT`, `augment/policySIDE`
    /// or with another name of ``Augmentations``; NET is `cnn16`, `cnn32`, `resnet20` and the like.
    init?(_ name: String, batch: Int) throws {
        let parts = name.split(separator: "/").map(String.init)
        guard parts.count == 2 else { return nil }
        images = batch
        if parts[0] == "distill" {
            let networks = parts[1].split(separator: "-").compactMap { Network(String($0)) }
            guard networks.count == 2 else { return nil }
            step = try Self.distillation(networks[0], networks[1], batch)
            return
        }
        if parts[0] == "augment" {
            guard let augmentation = Augmentations.step(parts[1], batch) else { return nil }
            step = augmentation
            return
        }
        guard let network = Network(parts[1]) else { return nil }
        let inputs = network.randomInputs(batch)
        switch parts[0] {
        case "train": step = Self.training(network.module, inputs)
        case "infer":
            let graph = try NetworkGraph(tracing: network.module, inputShape: network.shape)
            let plan = try InferencePlan(graph.foldingBatchNorm().fusingActivations())
            step = { _ = plan(inputs) }
        case "int8":
            let model = try QuantizedModel(network.module, calibratedOn: [network.randomInputs(64)])
            step = { _ = model.predict(inputs) }
        default: return nil
        }
    }

    private static func training(_ module: some Module, _ inputs: Tensor) -> () -> Void {
        var model = module
        var optimizer = Optimizer(.sgd(momentum: 0.9, nesterov: false, weightDecay: 0))
        let labels: [Int?] = (0..<inputs.shape[0]).map { $0 % 10 }
        return {
            let (_, gradients) = valueAndGradients(of: &model) { model, tape in
                model(tape.constant(inputs)).softmaxCrossEntropy(labels: labels)
            }
            optimizer.step(&model, along: gradients, rate: 0.01)
        }
    }

    /// From bytes in memory: augment, teacher forward on the view, student forward and backward, step.
    private static func distillation(_ teacher: Network, _ student: Network, _ batch: Int) throws -> () -> Void {
        let digits = try Digits.embedded()
        let normalization = Normalization.of(digits.train)
        let big = teacher.module
        var model = ConvNet(width: student.width, channels: 1, classes: 10, seed: 1)
        var optimizer = Optimizer(.sgd(momentum: 0.9, nesterov: false, weightDecay: 0))
        var step = 0
        return {
            let first = step * batch % (digits.train.count - batch)
            let raw = RawBatch(images: digits.train.subset(Array(first..<first + batch)), seed: 1, epoch: step)
            step += 1
            let view = AugmentationPolicy.digits(raw, normalization: normalization)
            let target = big.predict(view.inputs)
            let (_, gradients) = valueAndGradients(of: &model) { model, tape in
                let logits = model(tape.constant(view.inputs))
                let soft = ResponseLoss.hinton(student: logits, teacher: target, temperature: 4)
                return logits.crossEntropy(view) * 0.1 + soft * 0.9
            }
            optimizer.step(&model, along: gradients, rate: 0.01)
        }
    }
}

/// One of the yardstick networks.
struct Network {
    let module: any Module
    let shape: Shape
    let width: Int

    init?(_ name: String) {
        if name.hasPrefix("cnn"), let width = Int(name.dropFirst(3)) {
            self.width = width
            module = ConvNet(width: width, channels: 1, classes: 10, seed: 1)
            shape = [28, 28, 1]
        } else if name.hasPrefix("resnet"), let depth = Int(name.dropFirst(6)), depth >= 8, depth % 6 == 2 {
            width = 16
            module = ResNet(depth: depth, channels: 3, classes: 10, seed: 1)
            shape = [32, 32, 3]
        } else {
            return nil
        }
    }

    func randomInputs(_ batch: Int) -> Tensor {
        var random = Philox(seed: 1)
        return Tensor(normal: [batch, shape[0], shape[1], shape[2]], using: &random)
    }
}

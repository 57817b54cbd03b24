import TensorCore

/// How long and how a network is trained: everything but the network, the data and the loss.
public struct TrainingPlan: Hashable, Sendable, Codable {
    /// Steps in all.
    public var steps: Int
    /// Steps from one validation to the next, which is what an epoch is here.
    public var stepsPerEpoch: Int
    /// Labelled images in a step.
    public var batchSize: Int
    /// Images without labels in a step, where there are some.
    public var unlabelledBatchSize: Int
    /// The optimiser's rule.
    public var optimizer: Optimizer.Rule
    /// The learning rate.
    public var learningRate: Schedule
    /// What order, augmentation and dropout depend on.
    public var seed: UInt64
    /// The largest norm of all gradients together; nil for no limit.
    public var gradientClipping: Float?
    /// Decay of an average of the weights over steps, which is then what is validated and returned (Polyak; Tarvainen
    /// and Valpola, arXiv 1703.01780); nil to use the last weights.
    public var weightAveraging: Float?
    /// Ends the run when so many epochs in a row did not better the validation accuracy, and returns the best weights;
    /// nil to run on. Needs validation data.
    public var patience: Int?
    /// Parts of the network that are trained in another way than the rest, or not at all.
    public var groups: [ParameterGroup]

    /// Creates a plan; the defaults suit small networks on small images.
    public init(
        steps: Int, stepsPerEpoch: Int = 100, batchSize: Int = 64, unlabelledBatchSize: Int = 64,
        optimizer: Optimizer.Rule = .sgd(), learningRate: Schedule = .warmUp(0.05, then: .cosine(from: 0.2, to: 0)),
        seed: UInt64 = 0,
        gradientClipping: Float? = nil, weightAveraging: Float? = nil, patience: Int? = nil,
        groups: [ParameterGroup] = []
    ) {
        self.steps = steps
        self.stepsPerEpoch = stepsPerEpoch
        self.batchSize = batchSize
        self.unlabelledBatchSize = unlabelledBatchSize
        self.optimizer = optimizer
        self.learningRate = learningRate
        self.seed = seed
        self.gradientClipping = gradientClipping
        self.weightAveraging = weightAveraging
        self.patience = patience
        self.groups = groups
        requireSound()
    }

    /// Stops the program if a number is out of range: the properties can be set, and decoding does not validate.
    func requireSound() {
        require(
            steps > 0 && stepsPerEpoch > 0 && batchSize > 0 && unlabelledBatchSize > 0,
            "TrainingPlan: \(steps) steps, \(stepsPerEpoch) an epoch, batches of \(batchSize) and "
                + "\(unlabelledBatchSize): 1 or more expected of each")
        require(
            gradientClipping.map { $0 > 0 } ?? true,
            "TrainingPlan: gradientClipping \(gradientClipping ?? 0), above 0 expected")
        require(
            weightAveraging.map { $0 >= 0 && $0 < 1 } ?? true,
            "TrainingPlan: weightAveraging \(weightAveraging ?? 0), 0 ..< 1 expected")
        require(patience.map { $0 > 0 } ?? true, "TrainingPlan: patience \(patience ?? 0), 1 or more expected")
    }

    /// Epochs in all; the last may have fewer steps.
    public var epochs: Int { (steps + stepsPerEpoch - 1) / stepsPerEpoch }

    /// What schedules are asked for in a step: the share of the steps that are done, 0 ..< 1.
    ///
    /// - Parameter step: from 0 over the whole run.
    public func progress(at step: Int) -> Float { Float(Double(step) / Double(steps)) }

    /// Steps of one epoch.
    func steps(ofEpoch epoch: Int) -> Int { min(stepsPerEpoch, steps - epoch * stepsPerEpoch) }

    /// Whether a run in an epoch may have done so many steps: those of the epochs before, and not all of its own.
    func contains(step: Int, in epoch: Int) -> Bool {
        let first = min(epoch * stepsPerEpoch, steps)
        return step == first || (epoch < epochs && step > first && step < first + steps(ofEpoch: epoch))
    }
}

extension TrainingPlan {
    /// Reads a plan; what it does not say has the default of the initialiser.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys, or standard: Value) throws -> Value {
            try values.decodeIfPresent(Value.self, forKey: key) ?? standard
        }
        var plan = TrainingPlan(steps: 1)
        plan.steps = try values.decode(Int.self, forKey: .steps)
        plan.stepsPerEpoch = try value(.stepsPerEpoch, or: plan.stepsPerEpoch)
        plan.batchSize = try value(.batchSize, or: plan.batchSize)
        plan.unlabelledBatchSize = try value(.unlabelledBatchSize, or: plan.unlabelledBatchSize)
        plan.optimizer = try value(.optimizer, or: plan.optimizer)
        plan.learningRate = try value(.learningRate, or: plan.learningRate)
        plan.seed = try value(.seed, or: plan.seed)
        plan.gradientClipping = try values.decodeIfPresent(Float.self, forKey: .gradientClipping)
        plan.weightAveraging = try values.decodeIfPresent(Float.self, forKey: .weightAveraging)
        plan.patience = try values.decodeIfPresent(Int.self, forKey: .patience)
        plan.groups = try value(.groups, or: [])
        self = plan
    }
}

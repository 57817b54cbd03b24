import TensorCore

/// Which samples each step of an epoch takes.
///
/// An epoch is a number of steps, not a pass: with a hundred labels a pass would be over in two steps. Samples come in
/// shuffled passes that go on from one epoch to the next, so that each is seen as often as any other; or, where class
/// probabilities are given, class by class at random and in shuffled passes within a class. A plan depends on its
/// arguments alone, so a resumed run sees the same batches.
public struct EpochPlan: Sendable {
    /// Images that give each step a fixed number of samples.
    public struct Source: Sendable {
        /// The images.
        public let images: any ImageSource
        /// How many of them a step takes.
        public let batchSize: Int

        /// Creates a source.
        public init(_ images: any ImageSource, batchSize: Int) {
            require(
                images.count > 0 && batchSize > 0,
                "EpochPlan: \(batchSize) of \(images.count) images a step, 1 or more of 1 or more expected")
            self.images = images
            self.batchSize = batchSize
        }
    }

    /// The number of steps.
    public let steps: Int
    /// Samples in one step.
    public let batchSize: Int
    let sources: [Source]
    let epoch: Int
    let seed: UInt64
    let strengths: [Int: Float]
    let stepFactors: [Int: [Double]]
    // For each source, its places and draw numbers, steps × batchSize.
    let places: [[Int]]
    let draws: [[Int]]

    /// Plans one epoch.
    ///
    /// - Parameters:
    ///   - sources: the labelled images, and perhaps others; all of one image size.
    ///   - steps: the number of steps of this epoch.
    ///   - firstStep: the steps of all epochs before it, from which the passes go on; epoch · steps when omitted.
    ///   - epoch: from 0.
    ///   - seed: the run's seed.
    ///   - classProbabilities: relative probability of each class, for sources that have labels, of which images
    ///     without one are then not drawn; nil for passes.
    ///   - stepFactors: for some classes, factors on the probabilities of a policy's steps.
    ///   - strength: the factor on geometric transforms for a sample id.
    public init(
        sources: [Source], steps: Int, firstStep: Int? = nil, epoch: Int, seed: UInt64,
        classProbabilities: [Double]? = nil, stepFactors: [Int: [Double]] = [:],
        strength: (Int) -> Float = { _ in 1 }
    ) {
        require(
            !sources.isEmpty && steps > 0, "EpochPlan: \(sources.count) sources, \(steps) steps, 1 or more expected")
        self.sources = sources
        self.steps = steps
        self.epoch = epoch
        self.seed = seed
        self.stepFactors = stepFactors
        batchSize = sources.reduce(0) { $0 + $1.batchSize }
        places = sources.enumerated().map { number, source in
            let (count, index) = (steps * source.batchSize, source.images.index)
            if let classProbabilities, index.labels.contains(where: { $0 != nil }) {
                return weightedPlaces(
                    index.placesByClass, count, classProbabilities, epoch: epoch, seed: seed, stream: number)
            }
            return passes(
                over: index.count, from: (firstStep ?? epoch * steps) * source.batchSize, count: count,
                seed: seed, stream: number)
        }
        // By id and over all sources: an image that is in two of them is not augmented in the same way twice.
        var seen: [Int: Int] = [:]
        let ids = zip(sources, places).map { source, places in
            let all = source.images.sampleIDs
            return places.map { all[$0] }
        }
        draws = ids.map { ids in
            ids.map { id in
                defer { seen[id, default: 0] += 1 }
                return seen[id, default: 0]
            }
        }
        var strengths: [Int: Float] = [:]
        for ids in ids {
            for id in ids {
                if strengths[id] == nil { strengths[id] = strength(id) }
            }
        }
        self.strengths = strengths
    }

    /// Reads the images of a step, source after source.
    ///
    /// - Throws: what the sources throw; nothing where their images are in memory.
    public func batch(at step: Int) throws -> RawBatch {
        require(step >= 0 && step < steps, "EpochPlan.batch: step \(step), 0 ..< \(steps) expected")
        var parts: [RaggedImages] = []
        var draws: [Int] = []
        for (number, source) in sources.enumerated() {
            let range = step * source.batchSize..<(step + 1) * source.batchSize
            parts.append(try source.images.images(at: places[number][range]))
            draws += self.draws[number][range]
        }
        let images = RaggedImages.joined(parts)
        var batch = RawBatch(
            images: images, seed: seed, epoch: epoch, draws: draws,
            strengths: images.sampleIDs.map { strengths[$0] ?? 1 })
        batch.stepFactors = stepFactors
        return batch
    }
}

/// Places `from ..< from + count` of an endless row of shuffled passes over 0 ..< size.
private func passes(over size: Int, from: Int, count: Int, seed: UInt64, stream: Int) -> [Int] {
    var places: [Int] = []
    places.reserveCapacity(count)
    var pass = from / size
    var start = from % size
    while places.count < count {
        var random = Philox(seed: seed, epoch: pass, sample: stream, operation: RandomPurpose.order)
        let order = random.permutation(of: size)
        places += order[start..<min(size, start + count - places.count)]
        start = 0
        pass += 1
    }
    return places
}

/// Places drawn class by class with the given relative probabilities; within a class in shuffled passes.
private func weightedPlaces(
    _ byClass: [[Int]], _ count: Int, _ probabilities: [Double], epoch: Int, seed: UInt64, stream: Int
) -> [Int] {
    require(
        probabilities.count == byClass.count && probabilities.allSatisfy { $0 >= 0 && $0.isFinite },
        "EpochPlan: class probabilities \(probabilities) for \(byClass.count) classes: one each, 0 or more")
    // A class without images cannot be drawn.
    let weights = zip(probabilities, byClass).map { $1.isEmpty ? 0 : $0 }
    let total = weights.reduce(0, +)
    require(total > 0, "EpochPlan: no class that has images has a probability above 0")
    var random = Philox(seed: seed, epoch: epoch, sample: stream, operation: RandomPurpose.weightedOrder)
    var queues = [[Int]](repeating: [], count: byClass.count)
    return (0..<count).map { _ in
        var rest = Double(random.uniform()) * total
        var label = weights.lastIndex { $0 > 0 } ?? 0
        for (candidate, weight) in weights.enumerated() where weight > 0 {
            rest -= weight
            if rest < 0 {
                label = candidate
                break
            }
        }
        if queues[label].isEmpty {
            queues[label] = random.permutation(of: byClass[label].count).map { byClass[label][$0] }
        }
        return queues[label].removeLast()
    }
}

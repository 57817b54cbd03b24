import TensorCore

extension Variable {
    /// Softmax cross-entropy, a weighted mean over the batch: Σ wᵢ · (−Σ target · log softmax(logits)) / Σ wᵢ.
    ///
    /// - Parameters:
    ///   - targets: class probabilities [N, K]; self holds logits [N, K].
    ///   - weights: one a row, 0 or more; 1 for all when omitted. If all are 0, so is the loss.
    public func softmaxCrossEntropy(targets: Tensor, weights: [Float]? = nil) -> Variable {
        let (n, _) = shape.matrix(for: "softmaxCrossEntropy")
        let weights = weights ?? [Float](repeating: 1, count: n)
        require(weights.count == n, "softmaxCrossEntropy: \(weights.count) weights for \(n) rows")
        let (losses, gradient) = TensorCore.softmaxCrossEntropy(value, targets: targets)
        return tape.weightedMean("softmaxCrossEntropy", losses, gradient, weights, of: self)
    }

    /// Softmax cross-entropy with class numbers, a mean over the rows that have one.
    ///
    /// - Parameters:
    ///   - labels: a class in 0 ..< K for each row of the logits [N, K], or nil.
    ///   - smoothing: the share of each target that is spread evenly over all classes (Szegedy et al.,
    ///     arXiv 1512.00567), 0 ... 1.
    public func softmaxCrossEntropy(labels: [Int?], smoothing: Float = 0) -> Variable {
        let (n, k) = shape.matrix(for: "softmaxCrossEntropy")
        require(labels.count == n, "softmaxCrossEntropy: \(labels.count) labels for logits \(shape)")
        return softmaxCrossEntropy(
            targets: Tensor(oneHot: labels, classes: k, smoothing: smoothing), weights: labels.map { $0 == nil ? 0 : 1 }
        )
    }

    /// The mean of squared differences to a tensor of the same shape.
    public func meanSquaredError(to target: Tensor) -> Variable {
        require(shape == target.shape, "meanSquaredError: shapes \(shape) and \(target.shape) differ")
        let difference = value - target
        let count = Float(Swift.max(difference.count, 1))
        let loss = (difference * difference).sum() / count
        return tape.record(.learning("meanSquaredError"), Tensor(loss), from: self) {
            difference * (2 * $0.scalar / count)
        }
    }
}

extension Tape {
    /// Records Σ wᵢ lossᵢ / Σ wᵢ, given each row's loss and its gradient with respect to that row of the input.
    ///
    /// How every loss over rows of logits becomes a scalar; `losses` has shape [N], `gradient` [N, K].
    public func weightedMean(
        _ name: String, _ losses: Tensor, _ gradient: Tensor, _ weights: [Float], of input: Variable
    ) -> Variable {
        require(weights.allSatisfy { $0 >= 0 }, "\(name): a weight is negative or NaN")
        let total = weights.reduce(0, +)
        let shares = total > 0 ? weights.map { $0 / total } : weights
        var loss = 0.0
        // A row without weight has no say, even if its loss is infinite.
        for (share, value) in zip(shares, losses.scalars) where share > 0 { loss += Double(share) * Double(value) }
        return record(.learning(name), Tensor(Float(loss)), from: input) { upstream in
            gradient.scalingRows(by: shares.map { $0 * upstream.scalar })
        }
    }
}

extension Tensor {
    /// Rows of class probabilities: 1 at the label, mixed with the uniform distribution by `smoothing`; zeros where
    /// there is no label. Shape [labels, classes].
    public init(oneHot labels: [Int?], classes: Int, smoothing: Float = 0) {
        require(smoothing >= 0 && smoothing <= 1, "oneHot: smoothing \(smoothing), 0 ... 1 expected")
        var scalars = [Float](repeating: 0, count: labels.count * classes)
        for (row, label) in labels.enumerated() {
            guard let label else { continue }
            require(label >= 0 && label < classes, "oneHot: label \(label) in row \(row), 0 ..< \(classes) expected")
            for column in 0..<classes { scalars[row * classes + column] = smoothing / Float(classes) }
            scalars[row * classes + label] += 1 - smoothing
        }
        self.init(scalars, shape: [labels.count, classes])
    }
}

import TensorCore

/// What a policy is expected to cost, and what of it each operation does.
public struct PolicyCost: Sendable, Hashable, CustomStringConvertible {
    /// One operation's part.
    public struct Part: Sendable, Hashable {
        /// Where it stands in the policy's JSON.
        public let place: String
        /// Its name in a policy file.
        public let operation: String
        /// Expected for one image: with its probability, and less where it goes into a neighbour's pass.
        public let microseconds: Double
        /// Its place for draws.
        let number: Int
    }

    /// An image with nothing done to it but normalisation, in microseconds on one thread.
    public let plain: Double
    /// The operations in the order of the policy.
    public let parts: [Part]

    /// Expected for one image, on one thread.
    public var microseconds: Double { parts.reduce(plain) { $0 + $1.microseconds } }

    public var description: String {
        func rounded(_ microseconds: Double) -> String { "\((microseconds * 100).rounded() / 100) µs" }
        let all = "\(rounded(microseconds)) an image, \(rounded(plain)) without operations"
        return ([all] + parts.map { "  \($0.place) \($0.operation): \(rounded($0.microseconds))" })
            .joined(separator: "\n")
    }
}

extension AugmentationPolicy {
    /// What this policy is expected to cost on the machine of a calibration.
    ///
    /// The mean over 1,000 draws of the policy, of what is done in each: so probabilities and choices count, an
    /// operation that goes into its neighbour's pass costs its draw and what its pixels take beyond the neighbour's,
    /// and one with nothing after it what it costs as the last.
    ///
    /// - Parameters:
    ///   - imageSize: height and width.
    ///   - costs: a calibration.
    ///   - channels: of the images.
    /// - Throws: `FormatError` for a calibration of other channels, and for an operation that was not measured.
    public func cost(
        imageSize: (height: Int, width: Int), by costs: OperationCosts, channels: Int = 3
    ) throws(FormatError) -> PolicyCost {
        require(
            imageSize.height > 0 && imageSize.width > 0,
            "AugmentationPolicy.cost: images of \(imageSize.height)×\(imageSize.width)")
        guard channels == costs.channels else {
            throw FormatError(
                file: "costs", place: "channels", found: "\(costs.channels)", expected: "\(channels), as the images")
        }
        let leaves = leaves
        let pixels = imageSize.height * imageSize.width
        var known: [Int: OperationCosts.Operation] = [:]
        for leaf in leaves {
            guard let cost = costs.cost(of: leaf.operation) else {
                throw FormatError(
                    file: "costs", place: leaf.name, found: "nothing", expected: "a measurement (for \(leaf.path))")
            }
            known[leaf.place] = cost
        }
        var sums: [Int: Double] = [:]
        let draws = 1000
        for sample in 0..<draws {
            var drawing = Drawing(
                extent: ImageExtent(height: imageSize.height, width: imageSize.width, channels: channels), seed: 0,
                epoch: 0, sample: sample, draw: 0, strength: 1)
            drawing.addAll(steps, from: 0)
            // What the pixels of the last pass cost so far: of operations that share a pass the costliest sets its
            // time.
            var charged = 0.0
            for done in drawing.done {
                guard let cost = known[done.place] else { continue }
                let before = drawing.passes(upTo: done.steps.lowerBound)
                let joins =
                    !done.steps.isEmpty && View(fusing: Array(drawing.view[done.steps])).passes.count > 0
                    && drawing.passes(upTo: done.steps.upperBound) <= before
                let isLast = drawing.passes(upTo: drawing.view.count) <= drawing.passes(upTo: done.steps.upperBound)
                let curve = isLast ? cost.last : cost.inner
                let (whole, draw) = (curve.value(at: pixels), curve.value(at: 0))
                let own = max(0, whole - draw)
                sums[done.place, default: 0] += joins ? draw + max(0, own - charged) : whole
                if !done.steps.isEmpty { charged = joins ? max(own, charged) : own }
            }
        }
        return PolicyCost(
            plain: costs.plain.value(at: pixels),
            parts: leaves.map {
                .init(
                    place: $0.path, operation: $0.name, microseconds: (sums[$0.place] ?? 0) / Double(draws),
                    number: $0.place)
            })
    }
}

extension Drawing {
    /// Passes over the pixels that the first changes come to.
    fileprivate func passes(upTo count: Int) -> Int { View(fusing: Array(view[..<count])).passes.count }
}

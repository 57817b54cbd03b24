import Datasets
import Dispatch
import TensorCore

extension OperationCosts {
    /// Measures every operation here, and with their own parameters those of a policy: on one thread, on noise, in a few
    /// seconds.
    ///
    /// Each time is the least of several, for others may use the machine meanwhile.
    ///
    /// - Parameters:
    ///   - channels: of the images.
    ///   - policy: operations to measure beside those of ``AugmentationPolicy/everyOperation``.
    ///   - sides: of the square images, ascending, two or more.
    ///   - seconds: for one time at one size.
    public static func calibrated(
        channels: Int = 3, for policy: AugmentationPolicy = AugmentationPolicy {}, sides: [Int] = [32, 96, 224],
        seconds: Double = 0.01
    ) -> OperationCosts {
        require(
            sides.count >= 2 && zip(sides, sides.dropFirst()).allSatisfy { $0 < $1 } && (sides.first ?? 0) > 0,
            "OperationCosts.calibrated: sides \(sides) given, two or more ascending expected")
        let samples = sides.map { noise(side: $0, channels: channels) }
        func curve(_ steps: [AugmentationStep]) -> [Double] {
            samples.map { AugmentationPolicy(steps: steps).microseconds(on: $0, seconds: seconds) }
        }
        func beyond(_ times: [Double], _ base: [Double]) -> Curve {
            Curve(pixels: sides.map { $0 * $0 }, microseconds: zip(times, base).map { max(0, $0 - $1) })
        }
        // A pass that nothing else goes into.
        let next = GaussianNoise(standardDeviation: 0.05).step
        let (plain, noisy) = (curve([]), curve([next]))
        func cost(_ operation: any AugmentationOperation) -> Operation {
            Operation(
                last: beyond(curve([operation.step]), plain), inner: beyond(curve([operation.step, next]), noisy))
        }
        var operations: [String: Operation] = [:]
        for leaf in AugmentationPolicy.everyOperation.leaves { operations[leaf.name] = cost(leaf.operation) }
        for leaf in policy.leaves where operations[leaf.operation.costKey] == nil {
            operations[leaf.operation.costKey] = cost(leaf.operation)
        }
        return OperationCosts(
            channels: channels, plain: Curve(pixels: sides.map { $0 * $0 }, microseconds: plain),
            operations: operations)
    }

    /// Images to measure on, some 2¹⁷ pixels of them and 4 at least.
    private static func noise(side: Int, channels: Int) -> RawBatch {
        let count = max(4, (1 << 17) / (side * side))
        var random = Philox(seed: 1)
        let pixels = (0..<count * side * side * channels).map { _ in UInt8(truncatingIfNeeded: random.nextWord()) }
        return RawBatch(
            images: ImageSet(
                pixels: pixels, height: side, width: side, channels: channels,
                labels: [Int?](repeating: 0, count: count), classNames: ["noise"]), seed: 1, epoch: 0)
    }
}

extension AugmentationPolicy {
    /// One of each operation that a policy file can name, of middle strength: what a calibration measures.
    public static let everyOperation = AugmentationPolicy {
        HorizontalFlip()
        VerticalFlip()
        Affine(rotate: -30...30, scale: 0.8...1.2, translate: 0.1)
        RandomResizedCrop()
        PadAndCrop(padding: 4)
        BrightnessContrast(brightness: 0.2, contrast: 0.3)
        Gamma(0.7...1.5)
        GaussianNoise(standardDeviation: 0.1)
        Cutout(size: 0.4)
        MixUp(alpha: 0.4)
    }

    /// Microseconds that one image of the batch takes on one thread: the least of as many rounds as fit into the time, of
    /// three at least.
    public func microseconds(on raw: RawBatch, seconds: Double) -> Double {
        let normalization = Normalization(
            mean: [Float](repeating: 0.5, count: raw.images.channels),
            deviation: [Float](repeating: 0.25, count: raw.images.channels))
        return Parallel.withThreads(1) {
            var least = Double.infinity
            var (rounds, spent) = (0, 0.0)
            var raw = raw
            while rounds < 3 || spent < seconds * 1e6 {
                let start = DispatchTime.now().uptimeNanoseconds
                _ = self(raw, normalization: normalization)
                let time = Double(DispatchTime.now().uptimeNanoseconds - start) / 1000
                (least, spent, rounds) = (min(least, time), spent + time, rounds + 1)
                raw.epoch += 1
            }
            return least / Double(max(raw.images.count, 1))
        }
    }
}

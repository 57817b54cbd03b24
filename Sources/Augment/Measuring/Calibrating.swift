import Datasets
import Dispatch
import TensorCore

extension OperationCosts {
    /// Measures every operation here, and with their own parameters those of a policy: on one thread, on noise, in some
    /// ten seconds.
    ///
    /// - Parameters:
    ///   - channels: of the images.
    ///   - policy: operations to measure beside those of ``AugmentationPolicy/everyOperation``.
    ///   - sides: of the square images, ascending, two or more.
    ///   - epochs: draws of each batch of images, over which times are averaged.
    public static func calibrated(
        channels: Int = 3, for policy: AugmentationPolicy = AugmentationPolicy {}, sides: [Int] = [32, 96, 224],
        epochs: Int = 4
    ) -> OperationCosts {
        require(
            sides.count >= 2 && zip(sides, sides.dropFirst()).allSatisfy { $0 < $1 } && (sides.first ?? 0) > 0,
            "OperationCosts.calibrated: sides \(sides) given, two or more ascending expected")
        let samples = sides.map { noise(side: $0, channels: channels) }
        func curve(_ steps: [AugmentationStep]) -> [Double] {
            samples.map { AugmentationPolicy(steps: steps).microseconds(on: $0, epochs: epochs) }
        }
        func beyond(_ times: [Double], _ base: [Double]) -> Curve {
            Curve(pixels: sides.map { $0 * $0 }, microseconds: zip(times, base).map { max(0, $0 - $1) })
        }
        // A pass that nothing else goes into.
        let next = GaussianNoise(standardDeviation: 0.05).step
        // Twice, for all others are counted from these, and nothing is warm at first.
        func base(_ steps: [AugmentationStep]) -> [Double] { zip(curve(steps), curve(steps)).map { min($0, $1) } }
        let (plain, noisy) = (base([]), base([next]))
        func cost(_ operation: any PixelOperation) -> Operation {
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

    /// Images to measure on, some 2¹⁷ pixels of them, and 16 at least: the output of a few large images stays in caches
    /// that a training batch's does not fit.
    private static func noise(side: Int, channels: Int) -> RawBatch {
        let count = max(16, (1 << 17) / (side * side))
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
        Turn()
        Affine(rotate: -30...30, scale: 0.8...1.2, translate: 0.1)
        Translate(right: -0.1...0.1, down: -0.1...0.1)
        Shear(horizontal: -15...15)
        Crop(side: 0.7...1)
        BoxCrop(side: 0.7...1)
        RandomResizedCrop()
        PadAndCrop(padding: 4)
        Perspective(distortion: 0.3)
        ElasticDeformation(displacement: 0.05)
        GridDistortion(strength: 0.3)
        BrightnessContrast(brightness: 0.2, contrast: 0.3)
        Brightness(0.7...1.3)
        Contrast(0.7...1.3)
        Gamma(0.7...1.5)
        ToneCurve(amount: 0.3)
        Invert()
        Solarise(threshold: 0.3...0.8)
        Posterise(bits: 3...6)
        Equalise()
        Autocontrast()
        Saturation(0.5...1.5)
        Hue(-20...20)
        Grey()
        ChannelPermutation()
        PCALighting(standardDeviation: 0.1)
        GaussianNoise(standardDeviation: 0.1)
        ShotNoise(intensity: 0.1)
        SpeckleNoise(standardDeviation: 0.1)
        SaltAndPepper(amount: 0.05)
        GaussianBlur(sigma: 0.5...1.5)
        MotionBlur(length: 3...9)
        Defocus(radius: 1...3)
        Sharpen(factor: 1...2)
        JPEGCompression(quality: 40...90)
        Fog(severity: 1...3)
        Rain(severity: 1...3)
        Snow(severity: 1...3)
        Cutout(size: 0.4)
        RandomErasing()
        GridMask(cover: 0.4)
        AugMix()
        MixUp(alpha: 0.4)
        CutMix(alpha: 1)
        Mosaic()
    }

    /// Microseconds that one image of the batch takes on one thread: the mean over epochs, for draws differ, of the
    /// least of several rounds, for others may use the machine meanwhile.
    public func microseconds(on raw: RawBatch, epochs: Int, rounds: Int = 3) -> Double {
        require(epochs > 0 && rounds > 0, "AugmentationPolicy.microseconds: \(epochs) epochs of \(rounds) rounds")
        let normalization = Normalization(
            mean: [Float](repeating: 0.5, count: raw.images.channels),
            deviation: [Float](repeating: 0.25, count: raw.images.channels))
        let times = Parallel.withThreads(1) {
            (0..<epochs).map { epoch in
                var raw = raw
                raw.epoch += epoch
                let rounds = (0..<rounds).map { _ in
                    let start = DispatchTime.now().uptimeNanoseconds
                    _ = self(raw, normalization: normalization)
                    return Double(DispatchTime.now().uptimeNanoseconds - start) / 1000
                }
                return rounds.min() ?? 0
            }
        }
        return times.reduce(0, +) / Double(epochs * max(raw.images.count, 1))
    }
}

import Retort

/// What `augment/NAMESIDE` does to RGB images of that side: the counterparts of `peers/augmentations.py`, name by name.
enum Augmentations {
    /// The whole policy, and single operations that are done for certain.
    private static let policies: [String: AugmentationPolicy] = [
        "policy": AugmentationPolicy {
            HorizontalFlip().probability(0.5)
            Affine(rotate: -15...15, scale: 0.9...1.1, translate: 0.1).probability(0.5)
            BrightnessContrast(brightness: 0.2, contrast: 0.2).probability(0.5)
            GaussianNoise(standardDeviation: 0.05).probability(0.3)
            Cutout(size: 0.25).probability(0.3)
        },
        "flip": AugmentationPolicy { HorizontalFlip() },
        "affine": AugmentationPolicy { Affine(rotate: -15...15, scale: 0.9...1.1, translate: 0.1) },
        "perspective": AugmentationPolicy { Perspective(distortion: 0.2) },
        "elastic": AugmentationPolicy { ElasticDeformation(displacement: 0.02, smoothing: 0.04) },
        "grid": AugmentationPolicy { GridDistortion(strength: 0.3) },
        "resizedCrop": AugmentationPolicy { RandomResizedCrop(area: 0.25...1) },
        "brightnessContrast": AugmentationPolicy { BrightnessContrast(brightness: 0.2, contrast: 0.2) },
        "gamma": AugmentationPolicy { Gamma(0.8...1.2) },
        "toneCurve": AugmentationPolicy { ToneCurve(amount: 0.1) },
        "solarise": AugmentationPolicy { Solarise(threshold: 0.5...0.5) },
        "posterise": AugmentationPolicy { Posterise(bits: 4...4) },
        "invert": AugmentationPolicy { Invert() },
        "equalise": AugmentationPolicy { Equalise() },
        "autocontrast": AugmentationPolicy { Autocontrast() },
        "saturation": AugmentationPolicy { Saturation(0.5...1.5) },
        "hue": AugmentationPolicy { Hue(-20...20) },
        "grey": AugmentationPolicy { Grey() },
        "channels": AugmentationPolicy { ChannelPermutation() },
        "lighting": AugmentationPolicy { PCALighting(standardDeviation: 0.1) },
        "noise": AugmentationPolicy { GaussianNoise(standardDeviation: 0.05) },
        "shot": AugmentationPolicy { ShotNoise(intensity: 0.1) },
        "speckle": AugmentationPolicy { SpeckleNoise(standardDeviation: 0.1) },
        "saltPepper": AugmentationPolicy { SaltAndPepper(amount: 0.05) },
        "blur": AugmentationPolicy { GaussianBlur(sigma: 0.5...1.5) },
        "motion": AugmentationPolicy { MotionBlur(length: 3...7) },
        "defocus": AugmentationPolicy { Defocus(radius: 1...3) },
        "sharpen": AugmentationPolicy { Sharpen(factor: 1.2...1.5) },
        "jpeg": AugmentationPolicy { JPEGCompression(quality: 40...90) },
        "fog": AugmentationPolicy { Fog(severity: 1...3) },
        "rain": AugmentationPolicy { Rain(severity: 1...3) },
        "snow": AugmentationPolicy { Snow(severity: 1...3) },
        "cutout": AugmentationPolicy { Cutout(size: 0.25) },
        "erasing": AugmentationPolicy { RandomErasing(area: 0.02...0.33) },
        "gridMask": AugmentationPolicy { GridMask(cover: 0.4) },
    ]

    /// A call augments a batch of noise in memory, bytes in and out; nil for a name that there is not.
    static func step(_ name: String, _ batch: Int) -> (() -> Void)? {
        guard let digit = name.firstIndex(where: \.isNumber), let side = Int(name[digit...]), side > 0,
            let policy = policies[String(name[..<digit])]
        else { return nil }
        let images = noise(batch, side: side, channels: 3)
        var epoch = 0
        return {
            _ = policy.images(RawBatch(images: images, seed: 1, epoch: epoch))
            epoch += 1
        }
    }

    /// Square images of even noise, of ten classes in turn.
    static func noise(_ count: Int, side: Int, channels: Int) -> ImageSet {
        var random = Philox(seed: 0)
        let pixels = (0..<count * side * side * channels).map { _ in UInt8(random.index(below: 256)) }
        return ImageSet(
            pixels: pixels, height: side, width: side, channels: channels, labels: (0..<count).map { $0 % 10 },
            classNames: (0..<10).map { "\($0)" })
    }
}

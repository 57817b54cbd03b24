extension AugmentationPolicy {
    /// For single handwritten digits on a black ground: they may lean, shrink and move, but not mirror or turn over.
    public static let digits = AugmentationPolicy {
        Affine(rotate: -30...30, scale: 0.8...1.2, translate: 0.2).probability(0.8)
        BrightnessContrast(brightness: 0.2, contrast: 0.4).probability(0.4)
        GaussianNoise(standardDeviation: 0.1).probability(0.25)
    }

    /// For text: slight turns and shears that keep every glyph whole and upright, then what cameras and scanners do.
    public static let ocr = AugmentationPolicy {
        Affine(rotate: -5...5, scale: 0.9...1.1, translate: 0.05, shear: -8...8, border: .edge).probability(0.8)
        OneOf {
            BrightnessContrast(brightness: 0.2, contrast: 0.3)
            Gamma(0.6...1.6)
        }.probability(0.5)
        GaussianNoise(standardDeviation: 0.05).probability(0.3)
    }

    /// For photographs of objects, which are the same from the left and the right, near and far.
    public static let natural = AugmentationPolicy {
        HorizontalFlip().probability(0.5)
        OneOf {
            PadAndCrop(padding: 4, border: .reflect)
            RandomResizedCrop(area: 0.5...1)
            Affine(rotate: -15...15, scale: 0.9...1.1, translate: 0.1, border: .reflect)
        }
        BrightnessContrast(brightness: 0.2, contrast: 0.3).probability(0.5)
        Cutout(size: 0.4, fill: 0.5).probability(0.3)
    }

    /// For what a car sees: other light, weather, speed and dirt, but signs, lights and the side of the road stay what
    /// they are.
    public static let driving = AugmentationPolicy {
        Affine(rotate: -3...3, scale: 0.9...1.2, translate: 0.05, border: .edge).probability(0.5)
        OneOf {
            BrightnessContrast(brightness: 0.25, contrast: 0.3)
            Gamma(0.5...2)
        }.probability(0.6)
        Saturation(0.5...1.4).probability(0.3)
        OneOf {
            Fog(severity: 0...3)
            Rain(severity: 0...4)
            Snow(severity: 0...2)
        }.probability(0.3)
        OneOf {
            MotionBlur(length: 1...6, angle: -15...15)
            Defocus(radius: 0...2)
            JPEGCompression(quality: 40...95)
        }.probability(0.3)
        ShotNoise(intensity: 0.01).probability(0.3)
    }

    /// For medical images: slight differences in position and exposure, and the noise of the detector.
    public static let medical = AugmentationPolicy {
        Affine(rotate: -7...7, scale: 0.95...1.05, translate: 0.05, border: .edge).probability(0.7)
        OneOf {
            BrightnessContrast(brightness: 0.1, contrast: 0.15)
            Gamma(0.8...1.25)
            ToneCurve(amount: 0.1)
        }.probability(0.5)
        OneOf {
            GaussianBlur(sigma: 0...0.7)
            Sharpen(factor: 1...1.6)
        }.probability(0.2)
        ShotNoise(intensity: 0.003).probability(0.3)
    }
}

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
}

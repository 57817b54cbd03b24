extension AugmentationPolicy {
    /// AutoAugment's policy for CIFAR-10 (Cubuk et al. 2018, arXiv 1805.09501, appendix, table "AutoAugment policy
    /// found on reduced CIFAR-10"): one of 25 pairs of operations, each pair equally likely, each operation with its
    /// own probability and at one of ten magnitudes.
    ///
    /// Magnitudes mean what they mean in torchvision's `AutoAugment`, but for shears about the centre and contrast
    /// about middle grey. The paper puts flips, crops with padding and cutout around it.
    public static let autoAugmentCIFAR = AugmentationPolicy {
        OneOf {
            for (first, second) in cifarPairs {
                AllOf {
                    first.operation.step(Double(first.magnitude) / 9).probability(first.probability)
                    second.operation.step(Double(second.magnitude) / 9).probability(second.probability)
                }
            }
        }
    }

    private typealias Entry = (operation: TableOperation, probability: Double, magnitude: Int)

    /// Magnitude 0 stands where there is none.
    private static let cifarPairs: [(Entry, Entry)] = [
        ((.invert, 0.1, 0), (.contrast, 0.2, 6)),
        ((.rotate, 0.7, 2), (.translateX, 0.3, 9)),
        ((.sharpness, 0.8, 1), (.sharpness, 0.9, 3)),
        ((.shearY, 0.5, 8), (.translateY, 0.7, 9)),
        ((.autoContrast, 0.5, 0), (.equalize, 0.9, 0)),
        ((.shearY, 0.2, 7), (.posterize, 0.3, 7)),
        ((.color, 0.4, 3), (.brightness, 0.6, 7)),
        ((.sharpness, 0.3, 9), (.brightness, 0.7, 9)),
        ((.equalize, 0.6, 0), (.equalize, 0.5, 0)),
        ((.contrast, 0.6, 7), (.sharpness, 0.6, 5)),
        ((.color, 0.7, 7), (.translateX, 0.5, 8)),
        ((.equalize, 0.3, 0), (.autoContrast, 0.4, 0)),
        ((.translateY, 0.4, 3), (.sharpness, 0.2, 6)),
        ((.brightness, 0.9, 6), (.color, 0.2, 8)),
        ((.solarize, 0.5, 2), (.invert, 0.0, 0)),
        ((.equalize, 0.2, 0), (.autoContrast, 0.6, 0)),
        ((.equalize, 0.2, 0), (.equalize, 0.6, 0)),
        ((.color, 0.9, 9), (.equalize, 0.6, 0)),
        ((.autoContrast, 0.8, 0), (.solarize, 0.2, 8)),
        ((.brightness, 0.1, 3), (.color, 0.7, 0)),
        ((.solarize, 0.4, 5), (.autoContrast, 0.9, 0)),
        ((.translateY, 0.9, 9), (.translateY, 0.7, 9)),
        ((.autoContrast, 0.9, 0), (.solarize, 0.8, 3)),
        ((.equalize, 0.8, 0), (.invert, 0.1, 0)),
        ((.translateY, 0.7, 9), (.autoContrast, 0.9, 0)),
    ]
}

import TensorCore

extension AugmentationPolicy {
    /// RandAugment (Cubuk et al. 2019, arXiv 1909.13719): so many operations one after another, each one of fourteen,
    /// equally likely and all of one magnitude; signs are drawn.
    ///
    /// Ranges are those of torchvision's `RandAugment`: at magnitude 30 rotations by 30°, shears of slope 0.3, shifts
    /// by 45 % of a side, enhancement by a factor of 0.1 or 1.9, 4 bits of posterisation, everything solarised. What
    /// differs from it: shears are about the centre and not the corner, and contrast is about middle grey.
    ///
    /// - Parameters:
    ///   - operations: how many, within 1 ... 20.
    ///   - magnitude: within 0 ... 30.
    public static func randAugment(operations: Int = 2, magnitude: Double = 9) -> AugmentationPolicy {
        require(
            (1...20).contains(operations) && (0...30).contains(magnitude),
            "randAugment: \(operations) operations of magnitude \(magnitude) given, 1…20 and 0…30 expected")
        return AugmentationPolicy {
            for _ in 0..<operations {
                OneOf {
                    // Nothing is one of the fourteen, too.
                    AllOf {}
                    for operation in TableOperation.allCases where operation != .invert {
                        operation.step(magnitude / 30)
                    }
                }
            }
        }
    }

    /// TrivialAugment (Müller and Hutter 2021, arXiv 2103.10158), the "wide" ranges: one operation of fourteen, equally
    /// likely, at a strength that is drawn evenly from nothing to the most. Nothing to tune.
    ///
    /// Strengths are continuous, where the paper has 31 of them; shifts are up to 32 of 224 pixels, as a share of the
    /// side.
    public static let trivialAugment = AugmentationPolicy {
        OneOf {
            AllOf {}
            for operation in TableOperation.allCases where operation != .invert {
                operation.evenStep(
                    TableOperation.Ranges(slope: 0.99, shift: 32.0 / 224, degrees: 135, enhancement: 0.99, bits: 6))
            }
        }
    }
}

import Foundation

/// The operations that the tables of AutoAugment and its successors name, at a share of their largest strength.
///
/// Ranges are those of torchvision's `autoaugment.py`. Shears are about the centre, as in all of this library, where
/// those are about the corner; contrast is about middle grey, see ``Contrast``.
enum TableOperation: CaseIterable {
    case shearX, shearY, translateX, translateY, rotate, brightness, color, contrast, sharpness, posterize, solarize
    case autoContrast, equalize, invert

    /// What strengths mean at their largest.
    struct Ranges {
        /// The slope of a shear.
        var slope = 0.3
        /// The share of a side.
        var shift = 150.0 / 331
        var degrees = 30.0
        /// What is added to or taken from a factor of 1.
        var enhancement = 0.9
        /// Bits that posterisation leaves at its mildest.
        var topBits = 8.0
        /// Bits that it takes away of these.
        var bits = 4.0
    }

    /// The operation at exactly this share of the ranges, with either sign where there are two.
    func step(_ share: Double, _ ranges: Ranges = Ranges()) -> AugmentationStep {
        func signed(_ step: (ClosedRange<Double>) -> AugmentationStep) -> AugmentationStep {
            share == 0 ? step(0...0) : OneOf { for sign in [-share, share] { step(sign...sign) } }.step
        }
        return isSigned ? signed { operation(within: $0, ranges).step } : operation(within: share...share, ranges).step
    }

    /// The operation at a strength drawn evenly between nothing and the most, with either sign where there are two.
    func evenStep(_ ranges: Ranges) -> AugmentationStep { evenOperation(ranges).step }

    /// The operation at a strength drawn evenly between nothing and so much of the most, either sign where there are
    /// two.
    func evenOperation(_ ranges: Ranges, upTo most: Double = 1) -> any PixelOperation {
        operation(within: isSigned ? -most...most : 0...most, ranges)
    }

    private var isSigned: Bool {
        switch self {
        case .posterize, .solarize, .autoContrast, .equalize, .invert: false
        default: true
        }
    }

    /// - Parameter shares: of the largest strength.
    private func operation(
        within shares: ClosedRange<Double>, _ ranges: Ranges
    ) -> any PixelOperation {
        func times(_ factor: Double) -> ClosedRange<Double> { shares.lowerBound * factor...shares.upperBound * factor }
        func about(_ middle: Double, _ factor: Double) -> ClosedRange<Double> {
            middle + shares.lowerBound * factor...middle + shares.upperBound * factor
        }
        func down(from top: Double, by factor: Double) -> ClosedRange<Double> {
            top - shares.upperBound * factor...top - shares.lowerBound * factor
        }
        let lean =
            atan(shares.lowerBound * ranges.slope) * 180 / .pi...atan(shares.upperBound * ranges.slope) * 180 / .pi
        return switch self {
        case .shearX: Shear(horizontal: lean)
        case .shearY: Shear(vertical: lean)
        case .translateX: Translate(right: times(ranges.shift))
        case .translateY: Translate(down: times(ranges.shift))
        case .rotate: Affine(rotate: times(ranges.degrees))
        case .brightness: Brightness(about(1, ranges.enhancement))
        case .color: Saturation(about(1, ranges.enhancement))
        case .contrast: Contrast(about(1, ranges.enhancement))
        case .sharpness: Sharpen(factor: about(1, ranges.enhancement))
        case .posterize: Posterise(bits: down(from: ranges.topBits, by: ranges.bits))
        case .solarize: Solarise(threshold: down(from: 1, by: 1))
        case .autoContrast: Autocontrast()
        case .equalize: Equalise()
        case .invert: Invert()
        }
    }
}

import Datasets

extension AugmentationPolicy {
    /// The policies of this library by name: first those for tasks, then those of papers.
    private static let ready: [(name: String, policy: AugmentationPolicy)] = [
        ("digits", .digits), ("ocr", .ocr), ("natural", .natural), ("driving", .driving), ("medical", .medical),
        ("randAugment", .randAugment()), ("trivialAugment", .trivialAugment), ("autoAugmentCIFAR", .autoAugmentCIFAR),
    ]

    /// The names of the policies that this library has ready, in a fixed order: those of the properties in Swift.
    public static var allNames: [String] { ready.map(\.name) }

    /// The ready policy of a name; nil for a name that is not among ``allNames``.
    public static func named(_ name: String) -> AugmentationPolicy? { ready.first { $0.name == name }?.policy }
}

/// Lets a ready policy be written as `.digits` wherever any transform is expected.
extension BatchTransform where Self == AugmentationPolicy {
    /// ``AugmentationPolicy/digits``
    public static var digits: AugmentationPolicy { AugmentationPolicy.digits }
    /// ``AugmentationPolicy/ocr``
    public static var ocr: AugmentationPolicy { AugmentationPolicy.ocr }
    /// ``AugmentationPolicy/natural``
    public static var natural: AugmentationPolicy { AugmentationPolicy.natural }
    /// ``AugmentationPolicy/driving``
    public static var driving: AugmentationPolicy { AugmentationPolicy.driving }
    /// ``AugmentationPolicy/medical``
    public static var medical: AugmentationPolicy { AugmentationPolicy.medical }
    /// ``AugmentationPolicy/trivialAugment``
    public static var trivialAugment: AugmentationPolicy { AugmentationPolicy.trivialAugment }
    /// ``AugmentationPolicy/autoAugmentCIFAR``
    public static var autoAugmentCIFAR: AugmentationPolicy { AugmentationPolicy.autoAugmentCIFAR }

    /// ``AugmentationPolicy/randAugment(operations:magnitude:)``
    public static func randAugment(operations: Int = 2, magnitude: Double = 9) -> AugmentationPolicy {
        AugmentationPolicy.randAugment(operations: operations, magnitude: magnitude)
    }
}

import Foundation

/// What a random stream is used for: the `operation` of ``Philox/init(seed:epoch:sample:operation:)``.
///
/// Ids below 1,000 belong to the framework; augmentation operations count from ``augmentation`` upwards by their place
/// in the policy, so that inserting an operation elsewhere does not change their draws within it.
public enum RandomPurpose {
    /// Initial weights: one stream for a network, in the order in which its layers are made, so that a layer inserted
    /// before others changes the weights of all of them.
    public static let initialization = 1
    /// The order of samples in an epoch.
    public static let order = 2
    /// Splits of a data set.
    public static let split = 3
    /// Dropout masks.
    public static let dropout = 4
    /// Perturbations of feature maps.
    public static let features = 5
    /// The order of samples that are drawn by class probability.
    public static let weightedOrder = 6
    /// Which steps of a policy are tried after a validation, a sample id for each class and step.
    public static let probes = 7
    /// What becomes of their probabilities, likewise.
    public static let stepFactors = 8
    /// Negatives of a contrastive loss.
    public static let negatives = 9
    /// Which images are held out for the test, a stream for each image's identity.
    public static let heldForTest = 10
    /// Which images are held out for validation, likewise.
    public static let heldForValidation = 11
    /// The first augmentation operation.
    public static let augmentation = 1000
}

extension Philox {
    /// A number from the standard normal distribution, by Box and Muller's transform of two uniform numbers.
    public mutating func normal() -> Float {
        // 1 - u lies in (0, 1], so the logarithm is finite.
        let radius = (-2 * log(Double(1 - uniform()))).squareRoot()
        return Float(radius * cos(2 * Double.pi * Double(uniform())))
    }

    /// A permutation of 0 ..< count, each equally likely (Fisher and Yates).
    public mutating func permutation(of count: Int) -> [Int] {
        var order = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) { order.swapAt(last, index(below: last + 1)) }
        return order
    }
}

/// A data set as its authors divide it.
public struct LabelledData: Sendable {
    /// "MNIST", "CIFAR-10" or "CIFAR-100".
    public let name: String
    /// Images for training; sample ids from 0.
    public let train: ImageSet
    /// Images for the final test; sample ids follow those of ``train``.
    public let test: ImageSet

    /// Names of the classes.
    public var classNames: [String] { train.classNames }
}

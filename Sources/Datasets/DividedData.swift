import TensorCore

/// A data set with images held out for validation and for the test, all with their labels.
public struct DividedData: Sendable {
    /// What messages and reports call the data set.
    public let name: String
    /// The images that a network learns from.
    public let train: ImageSet
    /// Images that choices between networks are made by; may be empty.
    public let validation: ImageSet
    /// Images that a finished network is tested on.
    public let test: ImageSet

    /// The embedded digits, as they are divided.
    public init(_ digits: Digits) {
        name = "the embedded digits"
        train = digits.train
        validation = digits.validation
        test = digits.test
    }

    /// A data set whose authors divided it into training and test images.
    ///
    /// - Throws: `FormatError` where there are no test images.
    public init(_ data: LabelledData) throws { try self.init(name: data.name, train: data.train, test: data.test) }

    /// Holds out a tenth of the training images, at most 5000, for validation.
    ///
    /// Which images these are depends on the data set alone, so that no program tests on what another trained on.
    ///
    /// - Throws: `FormatError` where there are no test images.
    public init(name: String, train: ImageSet, test: ImageSet) throws {
        self.name = name
        (self.train, validation) = train.holdingOut(min(5000, train.count / 10), seed: 0)
        self.test = test
        guard test.count > 0 else {
            throw FormatError(
                file: name, found: "\(train.count) images", expected: "enough to hold out some for the test")
        }
    }
}

/// A data set of whose training images a student knows few labels.
public struct PartlyLabelledData: Sendable {
    /// What messages and reports call the data set.
    public let name: String
    /// All training images with their labels: what a teacher learns from.
    public let train: ImageSet
    /// The images whose labels the student knows.
    public let labelled: ImageSet
    /// The other training images, without labels.
    public let unlabelled: ImageSet
    /// Images that choices between networks are made by.
    public let validation: ImageSet
    /// Images that a finished network is tested on.
    public let test: ImageSet
    /// Computed from the pixels of all training images, which needs no labels.
    public let normalization: Normalization

    /// Chooses the images whose labels the student knows.
    ///
    /// - Parameters:
    ///   - labels: how many over all classes, as many of each; nil for all of them.
    ///   - seed: what the choice depends on.
    /// - Throws: `FormatError` where a class has too few images, or none of them would have a label.
    public init(_ data: DividedData, labels: Int?, seed: UInt64) throws {
        name = data.name
        train = data.train
        validation = data.validation
        test = data.test
        if let labels {
            let split = try train.split(labelled: labels, seed: seed)
            (labelled, unlabelled) = (split.labelled, split.unlabelled)
        } else {
            (labelled, unlabelled) = (train, train.subset([]))
        }
        normalization = .of(train)
    }
}

extension ImageSet {
    /// As many images as are asked for, or all where there are no more, spread evenly over the set.
    public func subset(evenly count: Int) -> ImageSet {
        let number = min(count, self.count)
        return subset((0..<number).map { $0 * self.count / number })
    }

    /// Images spread evenly over the set as normalised inputs, to find the ranges of activations on.
    ///
    /// - Returns: batches of 100 images, [100, H, W, C]; the last one may be smaller.
    public func calibrationInputs(_ count: Int, normalization: Normalization) -> [Tensor] {
        subset(evenly: count).batches(of: 100, normalization: normalization).map(\.inputs)
    }
}

import TensorCore

/// A data set with images held out for validation and for the test, all with their labels.
public struct DividedData: Sendable {
    /// What messages and reports call the data set.
    public let name: String
    /// The images that a network learns from.
    public let train: any ImageSource
    /// Images that choices between networks are made by; may be empty.
    public let validation: any ImageSource
    /// Images that a finished network is tested on.
    public let test: any ImageSource

    /// How images were chosen to be held out; nil where images have no names of their own, so that no choice of
    /// theirs can be told from another.
    public let heldOut: HeldOut?
    /// What a user should know of the data.
    public let notes: DataNotes

    /// The embedded digits, as they are divided.
    public init(_ digits: Digits) {
        name = "the embedded digits"
        train = digits.train
        validation = digits.validation
        test = digits.test
        (heldOut, notes) = (nil, DataNotes())
    }

    /// A data set whose authors divided it into training and test images.
    ///
    /// - Parameter rule: how validation images are held out.
    /// - Throws: `FormatError` where there are no test images.
    public init(_ data: LabelledData, heldOut rule: HeldOut = .byName) throws {
        try self.init(name: data.name, train: data.train, test: data.test, heldOut: rule)
    }

    /// A data set with a test of its own; where it has no images for validation, a tenth of those for training is held
    /// out for it, of each class with 2 images or more at least one.
    ///
    /// Which images these are depends on the data set alone, so that no program tests on what another trained on. Of a
    /// set with identities it depends on each image alone; of another one 5000 images are held out at most.
    ///
    /// - Parameters:
    ///   - validation: nil to hold out some for it.
    ///   - rule: how images are held out.
    ///   - notes: what a user should know of the data.
    /// - Throws: `FormatError` where there are no test images.
    public init(
        name: String, train: any ImageSource, validation: (any ImageSource)? = nil, test: any ImageSource,
        heldOut rule: HeldOut = .byName,
        notes: DataNotes = DataNotes()
    ) throws {
        let divided = validation.map { (rest: train, held: $0) } ?? train.holdingOutForValidation(rule)
        heldOut = train.identities == nil ? nil : rule
        // What is chosen of them later goes by the same rule.
        let sets = [divided.rest, divided.held, test].map { rule == .byPlace ? $0.withoutIdentities() : $0 }
        (self.train, self.validation, self.test) = (sets[0], sets[1], sets[2])
        self.name = name
        let untested = test.placesByClass.firstIndex(where: \.isEmpty).map { label in
            "\(name): \(test.placesByClass.count { !$0.isEmpty }) of \(test.classCount) classes are tested, "
                + "\(test.classNames[label]) has no test image"
        }
        self.notes = DataNotes(leftOut: notes.leftOut, remarks: notes.remarks + (untested.map { [$0] } ?? []))
        guard divided.rest.count > 0 else {
            throw FormatError(
                file: name, problem: "no image is left to train on: all are held out for validation and the test",
                advice: "give more images, or smaller groups and more of them")
        }
        guard test.count > 0 else {
            if case .byGroup = rule, let identities = train.identities {
                throw FormatError(
                    file: name,
                    problem:
                        "\(identities.count.counted("image")) in \(Set(identities).count.counted("group")), of which none "
                        + "is among the fifth that is held out for the test",
                    advice:
                        "make smaller groups, and more of them; where they are numbered within each class, let the "
                        + "pattern take in the class")
            }
            throw FormatError(
                file: name, problem: "too few images (\(train.count)) to hold some out for the test",
                advice: "a class needs 3, or a folder test beside train has images of its own")
        }
    }

    /// The data set with its classes in another order.
    ///
    /// - Returns: nil where the names are not those of its classes.
    public func withClasses(inOrderOf names: [String]) -> DividedData? {
        guard let train = train.withClasses(inOrderOf: names),
            let validation = validation.withClasses(inOrderOf: names), let test = test.withClasses(inOrderOf: names)
        else { return nil }
        return DividedData(self, train: train, validation: validation, test: test)
    }

    private init(
        _ other: DividedData, train: any ImageSource, validation: any ImageSource, test: any ImageSource
    ) {
        (name, heldOut, notes) = (other.name, other.heldOut, other.notes)
        (self.train, self.validation, self.test) = (train, validation, test)
    }
}

/// A data set of whose training images a student knows few labels.
public struct PartlyLabelledData: Sendable {
    /// What messages and reports call the data set.
    public let name: String
    /// All training images with their labels: what a teacher learns from.
    public let train: any ImageSource
    /// The images whose labels the student knows.
    public let labelled: any ImageSource
    /// The other training images, without labels.
    public let unlabelled: any ImageSource
    /// Images that choices between networks are made by.
    public let validation: any ImageSource
    /// Images that a finished network is tested on.
    public let test: any ImageSource
    /// Computed from the pixels of all training images, which needs no labels.
    public let normalization: Normalization

    /// Chooses the images whose labels the student knows.
    ///
    /// - Parameters:
    ///   - labels: how many over all classes, as many of each; nil for all of them.
    ///   - seed: what the choice depends on.
    /// - Throws: `FormatError` where a class has too few images, or none of them would have a label; what the source
    ///   throws.
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
        normalization = try .of(train)
    }
}

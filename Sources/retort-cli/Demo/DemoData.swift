import Foundation
import Retort

/// The images of the demo, divided as its protocol wants them.
struct DemoData {
    let name: String
    /// All training images with their labels: what the teacher learns from.
    let train: ImageSet
    /// The few images whose labels the student knows.
    let labelled: ImageSet
    /// The others, without labels.
    let unlabelled: ImageSet
    let validation: ImageSet
    let test: ImageSet
    /// From the pixels of all training images, which needs no labels.
    let normalization: Normalization
    let policy: AugmentationPolicy

    /// The embedded digits.
    init(embeddedWithLabels labels: Int, seed: UInt64) throws {
        let digits = try Digits.embedded()
        try self.init(
            name: "embedded digits", train: digits.train, validation: digits.validation, test: digits.test,
            labels: labels, policy: .digits, seed: seed)
    }

    /// A data set in its original files. A tenth of its training images, at most 5,000, is held out for validation.
    init(folder: URL, labels: Int, seed: UInt64) throws {
        let found = try DataFolder.read(folder)
        let held = min(5000, found.train.count / 10)
        // The same held-out images for every seed, as in the embedded digits.
        let split = try found.train.split(labelled: found.train.count - held, validation: held, seed: 0)
        try self.init(
            name: found.name, train: split.labelled, validation: split.validation, test: found.test, labels: labels,
            policy: found.train.channels == 1 ? .digits : .natural, seed: seed)
    }

    private init(
        name: String, train: ImageSet, validation: ImageSet, test: ImageSet, labels: Int,
        policy: AugmentationPolicy, seed: UInt64
    ) throws {
        self.name = name
        self.train = train
        self.validation = validation
        self.test = test
        self.policy = policy
        let split = try train.split(labelled: labels, seed: seed)
        labelled = split.labelled
        unlabelled = split.unlabelled
        normalization = .of(train)
    }
}

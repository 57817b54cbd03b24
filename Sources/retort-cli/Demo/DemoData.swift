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

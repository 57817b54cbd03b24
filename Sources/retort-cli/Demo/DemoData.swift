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

    /// Chooses the images whose labels the student knows.
    ///
    /// - Parameter labels: how many; nil for all of them.
    init(_ source: CommandData, labels: Int?, seed: UInt64) throws {
        name = source.name
        train = source.train
        validation = source.validation
        test = source.test
        policy = source.train.channels == 1 ? .digits : .natural
        if let labels {
            let split = try train.split(labelled: labels, seed: seed)
            (labelled, unlabelled) = (split.labelled, split.unlabelled)
        } else {
            (labelled, unlabelled) = (train, train.subset([]))
        }
        normalization = .of(train)
    }
}

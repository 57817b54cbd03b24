import Foundation
import Retort

/// The data sets of the experiment.
enum SynergyData: String, Codable, CaseIterable {
    case digits
    case mnist
    case cifar10 = "cifar-10"

    var title: String {
        switch self {
        case .digits: "embedded digits"
        case .mnist: "MNIST"
        case .cifar10: "CIFAR-10"
        }
    }

    /// The network that learns from few labels.
    var student: String { self == .cifar10 ? "resnet-8" : "convnet-16" }

    /// The network that teaches it.
    var teacher: String { self == .cifar10 ? "resnet-20" : "convnet-32" }

    /// The augmentation at strength 1.
    var policy: AugmentationPolicy { self == .cifar10 ? .natural : .digits }

    /// Steps of a teacher that has all labels.
    var teacherSteps: Int {
        switch self {
        case .digits: 1066
        case .mnist: 2000
        case .cifar10: 4000
        }
    }

    /// The seed of the one teacher that all runs share; nil where each run has a teacher of its own seed.
    var sharedTeacherSeed: UInt64? { self == .cifar10 ? 0 : nil }

    /// Reads the images.
    ///
    /// - Parameter root: the folder that holds `mnist` and `cifar-10-batches-bin`; the embedded digits need none.
    /// - Throws: `FormatError` where they are not there.
    func read(from root: URL?) throws -> DividedData {
        if self == .digits { return try DividedData(Digits.embedded()) }
        guard let root else {
            throw FormatError(
                file: "--data", found: "nothing, and no RETORT_DATA", expected: "the folder of \(title)")
        }
        let name = self == .mnist ? "mnist" : "cifar-10-batches-bin"
        return try DividedData(DataFolder.read(root.appendingPathComponent(name, isDirectory: true)))
    }

    /// A network for the images.
    func network(_ name: String, for images: any ImageSource, seed: UInt64) throws -> any Module {
        try NetworkRegistry.standard.makeNetwork(
            named: name, inputShape: images.size.shape, classes: images.classCount, seed: seed)
    }
}

extension DividedData {
    /// By which stored results know the images again.
    var fingerprint: String {
        Fingerprint.of { for images in [train, validation, test] { $0.add(images) } }
    }
}

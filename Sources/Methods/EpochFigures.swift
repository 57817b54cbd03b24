import Augment
import Datasets
import Training

/// One epoch of a training as reports and results have it; accuracies and shares are in percent.
public struct EpochFigures: Codable, Sendable {
    /// On the training samples.
    public let loss, trainingAccuracy: Double
    /// Nil where nothing was held out.
    public let validationLoss, validationAccuracy: Double?
    /// Validation images on which student and teacher chose alike; nil without a teacher.
    public let teacherAgreement: Double?
    /// In the epoch's last step.
    public let learningRate: Float
    /// In the epoch's last step; nil without a teacher.
    public let temperature, hardLabelWeight: Float?
    /// The terms of the last step's loss by name: of the labels, of the teacher's outputs, of each hint's stage.
    public let terms: [String: Float]
    /// How likely each class was drawn; nil where nothing steers.
    public let classProbabilities: [Double]?
    /// Why: for each controller that decides on classes, class by class, what the validation before had led to.
    public let classDecisions: [[ClassDecision]]?
    /// The mean factor on geometric transforms.
    public let strength: Float
    /// Factors on the probabilities of the policy's operations, by class and place in the policy.
    public let stepFactors: [[Double]]?
    /// By operation, the views that the teacher could not read; nil where it did not judge.
    public let rejected: [Double]?

    /// Collects what is known of an epoch.
    ///
    /// - Parameter rejections: what a teacher that judges views rejected in the epoch.
    public init(_ epoch: History.Epoch, rejections: [OperationRejections] = []) {
        loss = epoch.loss
        trainingAccuracy = epoch.accuracy * 100
        validationLoss = epoch.validation?.loss
        validationAccuracy = (epoch.validation?.accuracy).map { $0 * 100 }
        teacherAgreement = (epoch.validation?.agreement).map { $0 * 100 }
        learningRate = epoch.learningRate
        temperature = epoch.values["temperature"]
        hardLabelWeight = epoch.values["hardLabelWeight"]
        terms = epoch.values.filter { $0.key != "temperature" && $0.key != "hardLabelWeight" }
        classProbabilities = epoch.classProbabilities
        classDecisions = epoch.classDecisions
        strength = epoch.strength
        stepFactors = epoch.stepFactors
        rejected = rejections.isEmpty ? nil : rejections.map { $0.share * 100 }
    }
}

import Retort

/// One epoch as reports and results have it; accuracies and shares in percent.
struct EpochFigures: Codable {
    let loss: Double
    let trainingAccuracy: Double
    let validationLoss: Double?
    let validationAccuracy: Double?
    /// Validation images on which student and teacher chose alike; nil without a teacher.
    let teacherAgreement: Double?
    let learningRate: Float
    let temperature: Float?
    let hardLabelWeight: Float?
    /// The terms of the last step's loss by name: of the labels, of the teacher's outputs, of each hint's stage.
    let terms: [String: Float]
    let classProbabilities: [Double]?
    /// Why: for each controller that decides on classes, class by class, what the validation before had led to.
    let classDecisions: [[ClassDecision]]?
    /// Mean factor on geometric transforms.
    let strength: Float
    /// By class and step of the policy, factors on the steps' probabilities.
    let stepFactors: [[Double]]?
    /// By operation, the views that the teacher could not read; nil where it did not judge.
    let rejected: [Double]?

    init(_ epoch: History.Epoch, rejections: [OperationRejections] = []) {
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

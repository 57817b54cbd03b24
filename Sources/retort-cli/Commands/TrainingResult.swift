import Retort

/// What `train` and `distill` print. Shares are in percent.
struct TrainingResult: CommandResult {
    let architecture: String
    let data: String
    let notes: DataNotes
    /// Files that turned out bad during the run; others were read in their place from then on.
    let lostFiles: [String]
    let labelled: Int
    let unlabelled: Int
    let steps: Int
    let parameters: Int
    /// On the data set's test images.
    let accuracy: Double
    let loss: Double
    /// Nil where nothing was held out.
    let validationAccuracy: Double?
    let output: String
    /// Of the file.
    let bytes: Int
    /// What speaks against the network; nil where nothing does.
    let doubt: String?
    /// With which `--recipe` does the same again.
    let recipe: String
    /// What the closed loop decided before the first step; nil without it.
    let decisions: [ClosedLoop.Decision]?
    /// The first epoch, from 1, in which labels alone taught, as the student read better than its teacher; nil where
    /// none did.
    let teacherLeftInEpoch: Int?
    /// What happened in each epoch.
    let epochs: [EpochFigures]

    /// Tests a trained network and writes its file.
    init(
        saving model: any Module, _ description: ModelFile.Description, trainedOn images: TrainingData,
        history: History, of data: DividedData, options: TrainingOptions, recipe: String,
        loop: ClosedLoop? = nil
    ) throws {
        self.recipe = recipe
        decisions = loop?.decisions
        teacherLeftInEpoch = history.epochs.first { $0.isTeacherLeft }.map { $0.number + 1 }
        epochs = history.epochs.map { EpochFigures($0) }
        let report = try model.evaluated(on: data.test, normalization: description.normalization)
        try ModelFile(model, inputShape: data.train.size.shape, description: description)
            .write(to: options.outputURL)
        architecture = description.architecture
        (self.data, notes, lostFiles) = (data.name, data.notes, images.lostFiles)
        labelled = images.labelled.count
        unlabelled = images.unlabelled?.count ?? 0
        steps = options.steps
        parameters = model.parameterCount
        accuracy = 100 * report.accuracy
        loss = report.loss
        doubt = history.doubt(otherwise: report)
        validationAccuracy = history.validationAccuracy.map { 100 * $0 }
        output = options.output
        bytes = try OutputFile.size(options.outputURL)
    }

    var text: String {
        let others = unlabelled > 0 ? ", \(unlabelled.counted("image")) without labels" : ""
        let lost =
            lostFiles.isEmpty
            ? "" : "\n\(lostFiles.count.counted("file")) lost during the run: \(lostFiles.firstInWords)"
        let validation = validationAccuracy.map { ", validation accuracy \(fixed($0, 2)) %" } ?? ""
        let left = teacherLeftInEpoch.map {
            "from epoch \($0) of \(epochs.count) on labels alone taught: the student read validation better than its "
                + "teacher\n"
        }
        let taught = "\(steps.counted("step")) on \(labelled.counted("label"))"
        return """
            \(architecture), \(parameters) parameters, \(taught) of \(data)\(others)
            test accuracy \(fixed(accuracy, 2)) %, loss \(lossText(loss))\(validation)
            \(left ?? "")\(output), \(bytes) bytes\(doubt.map { "\nWarning: \($0)" } ?? "")\(notes.ending)\(lost)
            """
    }
}

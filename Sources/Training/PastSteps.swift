import Datasets
import TensorCore

/// What a log says of the steps and epochs before a state.
struct PastSteps {
    private(set) var epochs: [History.Epoch] = []
    /// The values of the steps since the last epoch, and those of networks that are trained beside; nil where nobody
    /// asks for them.
    private(set) var values: StepValues?
    private(set) var peerValues: [StepValues]?

    /// Reads a log, which goes on after this part.
    ///
    /// - Parameters:
    ///   - log: the log.
    ///   - extent: the part of it that belongs to the state.
    ///   - step: steps that the state has done, in so many epochs and after.
    ///   - frame: what the run must go together with.
    /// - Throws: `FormatError` for a log that is not this state's.
    init(_ log: StepLog, _ extent: StepLog.Extent, keepingSteps: Bool, step: Int, epoch: Int, in frame: RunFrame) throws
    {
        let none = (StepValues(), [StepValues](repeating: StepValues(), count: frame.peers))
        var (epochs, current, done) = ([History.Epoch](), none, 0)
        func fault(_ found: String) -> FormatError {
            FormatError(
                file: log.url.pathAsGiven, found: found,
                expected: "the log of \(step.counted("step")) and \(epoch.counted("epoch")) of this run")
        }
        try log.resume(extent, wantsSteps: keepingSteps) { line in
            guard line.step == done, done < step, (line.peers?.count ?? 0) == frame.peers else {
                throw fault("step \(line.step) after \(done.counted("step"))")
            }
            done += 1
            current.0.add(line.values)
            for (index, values) in (line.peers ?? []).enumerated() { current.1[index].add(values) }
        } epoch: { found in
            var found = found
            let number = epochs.count
            guard found.isPossible(number: number, classes: frame.data.labelled.classCount, peers: frame.peers),
                !keepingSteps || done == min((number + 1) * frame.plan.stepsPerEpoch, frame.plan.steps)
            else { throw fault("epoch \(found.number) after \(number.counted("epoch")) and \(done.counted("step"))") }
            found.steps = current.0.values
            for (index, values) in current.1.enumerated() { found.peers?[index].steps = values.values }
            epochs.append(found)
            current = none
        }
        guard epochs.count == epoch, !keepingSteps || done == step else {
            throw fault("\(epochs.count.counted("epoch")) and \(done.counted("step"))")
        }
        self.epochs = epochs
        if keepingSteps { (values, peerValues) = (current.0, current.1) }
    }
}

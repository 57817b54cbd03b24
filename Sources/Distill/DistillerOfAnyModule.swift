import Datasets
import Foundation
import Layers
import Training

extension Distiller {
    /// Trains a student of a type that the program does not know, such as a file's.
    ///
    /// - Parameters: as the call for a student of a known type has them.
    public func fit(
        _ student: inout any Module, on labelled: any ImageSource, unlabelled: (any ImageSource)? = nil,
        validatingOn validation: (any ImageSource)? = nil, normalization: Normalization? = nil,
        augmentedBy transform: any BatchTransform = PlainTransform(), steeredBy controllers: [any DataController] = [],
        plan: TrainingPlan
    ) throws -> History {
        try withAnyModule(&student) {
            try fit(
                &$0, on: labelled, unlabelled: unlabelled, validatingOn: validation, normalization: normalization,
                augmentedBy: transform, steeredBy: controllers, plan: plan)
        }
    }

    /// Trains a student of a type that the program does not know, with everything that a long run needs.
    ///
    /// - Parameters: as the call for a student of a known type has them.
    public func fit(
        _ student: inout any Module, on data: TrainingData, plan: TrainingPlan, checkpoint: URL? = nil,
        keeping: CheckpointKeeping = .init(),
        afterStep: ((inout AnyModule, _ steps: Int) -> Void)? = nil,
        progress: (@Sendable (TrainingProgress) -> Void)? = nil,
        shouldStop: (@Sendable () -> Bool)? = nil
    ) throws -> History {
        try withAnyModule(&student) {
            try fit(
                &$0, on: data, plan: plan, checkpoint: checkpoint, keeping: keeping, afterStep: afterStep,
                progress: progress, shouldStop: shouldStop)
        }
    }
}

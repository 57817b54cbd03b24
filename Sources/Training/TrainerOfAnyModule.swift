import Autograd
import Datasets
import Layers

extension Trainer {
    /// Trains a network of a type that the program does not know, such as a file's, with a loss of the caller's.
    ///
    /// - Parameters: as the call for a network of a known type has them.
    public func fit(
        _ model: inout any Module, features: Set<String> = [], recipe: String = "",
        afterStep: ((inout AnyModule, _ steps: Int) -> Void)? = nil,
        loss: (AnyModule, Batch, Tape, StepContext) throws -> StepLoss
    ) throws -> History {
        try withAnyModule(&model) {
            try fit(&$0, features: features, recipe: recipe, afterStep: afterStep, loss: loss)
        }
    }

    /// Trains a network of a type that the program does not know, such as a file's, to predict the labels.
    ///
    /// - Parameter labelSmoothing: the share of each label spread over all classes, 0 ... 1.
    public func fit(
        _ model: inout any Module, labelSmoothing: Float = 0,
        afterStep: ((inout AnyModule, _ steps: Int) -> Void)? = nil
    ) throws -> History {
        try withAnyModule(&model) { try fit(&$0, labelSmoothing: labelSmoothing, afterStep: afterStep) }
    }
}

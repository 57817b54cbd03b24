import Datasets
import Layers
import TensorCore
import Training

/// The temperature that serves best on validation data, by trying each of a grid.
public struct TemperatureSearch: Hashable, Sendable, Codable {
    /// One try.
    public struct Trial: Hashable, Sendable, Codable {
        /// The temperature, constant over the run.
        public let temperature: Float
        /// How the student that the run returned did on validation data.
        public let validation: ClassReport
    }

    /// All tries, in the grid's order.
    public let trials: [Trial]

    /// The temperature of the highest validation accuracy; among equals that of the lowest validation loss.
    public var best: Float {
        trials.max {
            ($0.validation.accuracy, -$0.validation.loss) < ($1.validation.accuracy, -$1.validation.loss)
        }?.temperature ?? 1
    }

    /// Distils a fresh copy of the student at each temperature.
    ///
    /// - Parameters:
    ///   - distiller: all but the temperature.
    ///   - student: where every try starts.
    ///   - temperatures: the grid, each above 0.
    ///   - data: with validation images.
    ///   - plan: of every try; short ones rank temperatures well enough.
    /// - Throws: `FormatError` without validation images, and what ``Distiller`` throws.
    public init(
        _ distiller: Distiller, student: some Module, over temperatures: [Float] = [1, 2, 3, 4, 5],
        on data: TrainingData, plan: TrainingPlan
    ) throws {
        require(!temperatures.isEmpty, "TemperatureSearch: an empty grid")
        guard data.usableValidation != nil else {
            throw FormatError(file: "temperature search", found: "no validation images", expected: "some to choose by")
        }
        trials = try temperatures.compactMap { temperature in
            var attempt = distiller
            attempt.temperature = .constant(temperature)
            var copy = student
            let history = try attempt.fit(&copy, on: data, plan: plan)
            return history.returned?.validation.map { Trial(temperature: temperature, validation: $0) }
        }
    }
}

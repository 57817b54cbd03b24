import Datasets
import Layers
import TensorCore
import Training

/// The temperature that serves best on validation data, by trying those of a grid.
///
/// With several rounds it is successive halving (Jamieson and Talwalkar, arXiv 1502.07943): all are tried with short runs, the
/// better half again with runs of twice the length, and so on. Each run is a whole one, with its schedules stretched to its
/// length, so a round does not go on from the one before.
public struct TemperatureSearch: Hashable, Sendable, Codable {
    /// One try.
    public struct Trial: Hashable, Sendable, Codable {
        /// The temperature, constant over the run.
        public let temperature: Float
        /// The run's length.
        public let steps: Int
        /// How the student that the run returned did on validation data.
        public let validation: ClassReport
    }

    /// All tries, round by round, in each in the grid's order.
    public let trials: [Trial]

    /// Of the longest runs the temperature of the highest validation accuracy; among equals that of the lowest validation
    /// loss, and then the first of the grid.
    public var best: Float {
        let longest = trials.map(\.steps).max()
        return Self.ranked(trials.filter { $0.steps == longest }).first?.temperature ?? 1
    }

    /// Distils a fresh copy of the student at each temperature.
    ///
    /// - Parameters:
    ///   - distiller: all but the temperature.
    ///   - student: where every try starts.
    ///   - temperatures: the grid, each above 0; `Array(stride(from: 1, through: 5, by: 0.5))` is a finer one.
    ///   - data: with validation images.
    ///   - plan: of every try of the last round; short ones rank temperatures well enough. Each round before has half the steps of
    ///     the next.
    ///   - rounds: how often the grid is halved, and one more.
    /// - Throws: `FormatError` without validation images, and what ``Distiller`` throws.
    public init(
        _ distiller: Distiller, student: some Module, over temperatures: [Float] = [1, 2, 3, 4, 5],
        on data: TrainingData, plan: TrainingPlan, rounds: Int = 1
    ) throws {
        require(!temperatures.isEmpty, "TemperatureSearch: an empty grid")
        require(
            rounds > 0 && rounds < 32 && plan.steps >> (rounds - 1) > 0,
            "TemperatureSearch: \(rounds) rounds with \(plan.steps) steps in the last, a step or more in the first expected"
        )
        guard data.usableValidation != nil else {
            throw FormatError(
                file: "temperature search", found: "no validation images",
                expected: "some to choose by, split off the labelled ones if need be")
        }
        var trials: [Trial] = []
        var grid = temperatures
        for round in 0..<rounds {
            var shortened = plan
            shortened.steps = plan.steps >> (rounds - 1 - round)
            let tried = try grid.compactMap { temperature -> Trial? in
                var attempt = distiller
                attempt.temperature = .constant(temperature)
                var copy = student
                let report = try attempt.fit(&copy, on: data, plan: shortened).returned?.validation
                return report.map { Trial(temperature: temperature, steps: shortened.steps, validation: $0) }
            }
            trials += tried
            let kept = Set(Self.ranked(tried).prefix((tried.count + 1) / 2).map(\.temperature))
            grid = grid.filter(kept.contains)
        }
        self.trials = trials
    }

    /// The best first; equals in their order.
    private static func ranked(_ trials: [Trial]) -> [Trial] {
        trials.enumerated().sorted { left, right in
            let (a, b) = (left.element.validation, right.element.validation)
            return (a.accuracy, -a.loss, -left.offset) > (b.accuracy, -b.loss, -right.offset)
        }.map(\.element)
    }
}

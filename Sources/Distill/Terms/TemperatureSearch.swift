import Datasets
import Layers
import Synchronization
import TensorCore
import Training

/// The temperature that serves best on validation data, by trying those of a grid.
///
/// With several rounds it is successive halving (Jamieson and Talwalkar, arXiv 1502.07943): all are tried with short
/// runs, the better half again with runs of twice the length, and so on. Each run is a whole one, with its schedules
/// stretched to its length, so a round does not go on from the one before.
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

    /// Of the longest runs the temperature of the highest validation accuracy; among equals that of the lowest
    /// validation loss, and then the first of the grid.
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
    ///   - plan: of every try of the last round; short ones rank temperatures well enough. Each round before has half
    ///     the steps of the next.
    ///   - rounds: how often the grid is halved, and one more.
    ///   - atOnce: how many tries run at the same time, each on one thread of its own; nil for as many as there are
    ///     threads. Each has a student, its optimiser's state and its batches in memory. The results have the same bits
    ///     for any number. With a ``Distiller/teacherCache`` it is one, on all threads, since what one try writes the
    ///     next reads.
    /// - Throws: `ConfigurationError` without validation images, and what ``Distiller`` throws.
    public init(
        _ distiller: Distiller, student: some Module, over temperatures: [Float] = [1, 2, 3, 4, 5],
        on data: TrainingData, plan: TrainingPlan, rounds: Int = 1, atOnce: Int? = nil
    ) throws {
        require(!temperatures.isEmpty, "TemperatureSearch: an empty grid")
        require(
            rounds > 0 && rounds < 32 && plan.steps >> (rounds - 1) > 0,
            "TemperatureSearch: \(rounds) rounds with \(plan.steps) steps in the last, a step or more in the first "
                + "expected"
        )
        require(atOnce ?? 1 > 0, "TemperatureSearch: \(atOnce ?? 1) tries at once, 1 or more expected")
        guard data.usableValidation != nil else {
            throw ConfigurationError(
                ["validation"], "a temperature search needs images to choose by; split some off the labelled ones")
        }
        var trials: [Trial] = []
        var grid = temperatures
        for round in 0..<rounds {
            let steps = plan.steps >> (rounds - 1 - round)
            let places = distiller.teacherCache == nil ? min(atOnce ?? Parallel.threads, Parallel.threads) : 1
            let tried = try grid.concurrently(places) { temperature -> Trial? in
                var attempt = distiller
                attempt.temperature = .constant(temperature)
                var copy = student
                var shortened = plan
                shortened.steps = steps
                let report = try attempt.fit(&copy, on: data, plan: shortened).returned?.validation
                return report.map { Trial(temperature: temperature, steps: steps, validation: $0) }
            }.compactMap { $0 }
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

extension [Float] {
    /// The results in order; of several errors the first element's is thrown.
    fileprivate func concurrently<R: Sendable>(_ places: Int, _ body: @Sendable (Float) throws -> R) throws -> [R] {
        guard places > 1 else { return try map(body) }
        let results = Mutex([Result<R, any Error>?](repeating: nil, count: count))
        Parallel.withThreads(places) {
            Parallel.forEach(count) { index in
                let result = Result { try body(self[index]) }
                results.withLock { $0[index] = result }
            }
        }
        return try results.withLock { try $0.compactMap { try $0?.get() } }
    }
}

import TensorCore

/// How a model does on validation data, class by class: what a training loop emits after each validation and what
/// steers the sampling of the next epoch.
///
/// Takes memory for its classes and for the pairs of classes that were taken for one another, which are no more than
/// the images; never for every pair of classes.
public struct ClassReport: Sendable, Hashable {
    /// How often images of one class were read as one of a class, the same or another.
    public struct Reading: Sendable, Hashable {
        /// The class that the images show, and the one that the model chose.
        public let actual, predicted: Int
        /// How many images, 1 or more.
        public let count: Int

        /// Creates a count.
        public init(actual: Int, predicted: Int, count: Int) {
            self.actual = actual
            self.predicted = predicted
            self.count = count
        }
    }

    /// The epoch that the validation followed, from 0.
    public let epoch: Int
    /// Mean loss over all images.
    public let loss: Double
    /// Mean loss of each class; 0 for a class without images.
    public let classLosses: [Double]
    /// The share of all images, in 0 ... 1, on which the model chose as a teacher did; nil where none was asked.
    public let agreement: Double?
    /// How it did beside that teacher, class by class; nil where none was asked.
    public let comparison: Comparison?
    /// Every pair of classes that occurred, by the actual class and then by the predicted one.
    public let readings: [Reading]
    /// The images of each class.
    public let classCounts: [Int]
    /// The images of each class that were classified correctly.
    public let classCorrect: [Int]

    /// Creates a report from a count for each pair of classes.
    ///
    /// - Parameter confusion: `confusion[actual][predicted]` counts images.
    public init(epoch: Int, loss: Double, confusion: [[Int]], classLosses: [Double], agreement: Double? = nil) {
        let readings = confusion.enumerated().flatMap { actual, row in
            row.enumerated().compactMap { predicted, count in
                count == 0 ? nil : Reading(actual: actual, predicted: predicted, count: count)
            }
        }
        self.init(
            epoch: epoch, loss: loss, classes: confusion.count, readings: readings, classLosses: classLosses,
            agreement: agreement)
    }

    /// Creates a report from the pairs of classes that occurred.
    ///
    /// - Parameters:
    ///   - classes: how many there are.
    ///   - readings: each pair once, in any order.
    public init(
        epoch: Int, loss: Double, classes: Int, readings: [Reading], classLosses: [Double], agreement: Double? = nil,
        comparison: Comparison? = nil
    ) {
        require(
            comparison?.fits(classes: classes) ?? true, "ClassReport: a comparison of other than \(classes) classes")
        self.epoch = epoch
        self.loss = loss
        self.classLosses = classLosses
        self.agreement = agreement
        self.comparison = comparison
        self.readings = readings.sorted { ($0.actual, $0.predicted) < ($1.actual, $1.predicted) }
        var (counts, correct) = ([Int](repeating: 0, count: classes), [Int](repeating: 0, count: classes))
        for reading in readings {
            require(
                (0..<classes).contains(reading.actual) && (0..<classes).contains(reading.predicted),
                "ClassReport: class \(reading.predicted) for one of class \(reading.actual), 0 ..< \(classes) expected")
            counts[reading.actual] += reading.count
            if reading.actual == reading.predicted { correct[reading.actual] += reading.count }
        }
        (classCounts, classCorrect) = (counts, correct)
    }

    /// The number of classes.
    public var classCount: Int { classCounts.count }

    /// `confusion[actual][predicted]` counts images. Made anew in each call, with a number for every pair of classes:
    /// where there may be thousands of classes read ``readings`` instead.
    public var confusion: [[Int]] {
        var rows = [[Int]](repeating: [Int](repeating: 0, count: classCount), count: classCount)
        for reading in readings { rows[reading.actual][reading.predicted] = reading.count }
        return rows
    }

    /// The share of all images that were classified correctly, in 0 ... 1.
    public var accuracy: Double {
        let total = classCounts.reduce(0, +)
        return total == 0 ? 0 : Double(classCorrect.reduce(0, +)) / Double(total)
    }

    /// The share of each class that was classified correctly; nil for a class without images.
    public var classAccuracies: [Double?] {
        zip(classCorrect, classCounts).map { $1 == 0 ? nil : Double($0) / Double($1) }
    }
}

extension ClassReport: Codable {
    private enum CodingKeys: String, CodingKey {
        case epoch, loss, classLosses, agreement, comparison, classes, readings
    }

    /// Reads a report.
    ///
    /// - Throws: `DecodingError` for what no report could have written: a class that is not there, counts below 1 or
    ///   beyond any number of images, losses of other classes.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func fault(_ key: CodingKeys, _ text: String) -> DecodingError {
            .dataCorruptedError(forKey: key, in: values, debugDescription: text)
        }
        let classes = try values.decode(Int.self, forKey: .classes)
        let losses = try values.decode([Double].self, forKey: .classLosses)
        guard classes == losses.count else {
            throw fault(.classLosses, "\(losses.count) losses found, one for each of \(classes) classes expected")
        }
        let numbers = try values.decode([Int].self, forKey: .readings)
        guard numbers.count % 3 == 0 else {
            throw fault(.readings, "\(numbers.count) numbers found, three for each pair of classes expected")
        }
        let readings = stride(from: 0, to: numbers.count, by: 3).map {
            Reading(actual: numbers[$0], predicted: numbers[$0 + 1], count: numbers[$0 + 2])
        }
        guard
            readings.allSatisfy({
                (0..<classes).contains($0.actual) && (0..<classes).contains($0.predicted)
                    && (1...1 << 40).contains($0.count)
            }),
            zip(readings, readings.dropFirst()).allSatisfy({ ($0.actual, $0.predicted) < ($1.actual, $1.predicted) })
        else { throw fault(.readings, "counts of images by pairs of \(classes) classes in their order expected") }
        let comparison = try values.decodeIfPresent(Comparison.self, forKey: .comparison)
        guard comparison?.fits(classes: classes) ?? true else {
            throw fault(.comparison, "counts of images for each of \(classes) classes expected")
        }
        self.init(
            epoch: try values.decode(Int.self, forKey: .epoch), loss: try values.decode(Double.self, forKey: .loss),
            classes: classes, readings: readings, classLosses: losses,
            agreement: try values.decodeIfPresent(Double.self, forKey: .agreement), comparison: comparison)
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(epoch, forKey: .epoch)
        try values.encode(loss, forKey: .loss)
        try values.encode(classCount, forKey: .classes)
        try values.encode(classLosses, forKey: .classLosses)
        try values.encodeIfPresent(agreement, forKey: .agreement)
        try values.encodeIfPresent(comparison, forKey: .comparison)
        try values.encode(readings.flatMap { [$0.actual, $0.predicted, $0.count] }, forKey: .readings)
    }
}

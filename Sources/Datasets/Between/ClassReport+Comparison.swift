extension ClassReport {
    /// How a model did beside another one on the same images, class by class.
    public struct Comparison: Sendable, Hashable, Codable {
        /// The images of each class.
        public let counts: [Int]
        /// Of them those that the model classified correctly and the other one did not, and the other way round.
        public let ahead, behind: [Int]

        /// Creates a comparison.
        public init(counts: [Int], ahead: [Int], behind: [Int]) {
            (self.counts, self.ahead, self.behind) = (counts, ahead, behind)
        }

        /// By how much the model's accuracy is above the other one's, as the mean over the classes that have images, so
        /// that rare classes count as much as frequent ones, and the standard error of that; nil without images.
        ///
        /// Both saw the same images, so only those tell that one of them got right alone (McNemar, Psychometrika 12,
        /// 1947). With b and c of n images of a class, the difference is (b − c) / n and its variance taken as
        /// (b + c + 1) / n²: a class of one image proves nothing.
        public var lead: (mean: Double, error: Double)? {
            let seen = counts.indices.filter { counts[$0] > 0 }
            guard !seen.isEmpty else { return nil }
            var (mean, variance) = (0.0, 0.0)
            for label in seen {
                let (count, classes) = (Double(counts[label]), Double(seen.count))
                mean += Double(ahead[label] - behind[label]) / count / classes
                variance += Double(ahead[label] + behind[label] + 1) / (count * count) / (classes * classes)
            }
            return (mean, variance.squareRoot())
        }

        func fits(classes: Int) -> Bool {
            [counts, ahead, behind].allSatisfy { $0.count == classes && $0.allSatisfy { $0 >= 0 } }
                && counts.indices.allSatisfy { ahead[$0] <= counts[$0] && behind[$0] <= counts[$0] - ahead[$0] }
        }
    }
}

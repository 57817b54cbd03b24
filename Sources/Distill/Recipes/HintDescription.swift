import TensorCore

extension Hint {
    /// A hint as a recipe has it: `{stage: stage1, weight: 0.5, loss: attention}`, or with `student` and `teacher` in
    /// place of `stage` where the maps have two names. The loss `relational` has a `distance` and an `angle` too.
    public struct Description: Decodable {
        /// What is described.
        public let hint: Hint

        /// Reads a description.
        ///
        /// - Throws: `ConfigurationError` for an unknown key or loss, `DecodingError` for a value that is missing or of
        ///   another type.
        public init(from decoder: any Decoder) throws {
            let values = try StrictMapping(decoder)
            var loss = values.has("loss") ? try values.choice("loss", of: FeatureLoss.named) : .hint
            try values.check(PairedMaps.keys + ["weight", "loss"] + loss.factors.map(\.name))
            if case .relational(let distance, let angle) = loss {
                loss = .relational(
                    distance: try values.value("distance", or: distance), angle: try values.value("angle", or: angle))
            }
            let maps = try PairedMaps(values)
            hint = Hint(
                student: maps.student, teacher: maps.teacher, weight: try values.value("weight", or: 1), loss: loss)
        }
    }
}

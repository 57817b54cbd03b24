import TensorCore

extension ContrastTerm {
    /// A contrast as a recipe has it: `{stage: stage2, weight: 0.1, negatives: 256}`, or with `student` and `teacher`
    /// in place of `stage`; `temperature` and `momentum` too.
    public struct Description: Decodable {
        /// What is described.
        public let contrast: ContrastTerm

        /// Reads a description.
        ///
        /// - Throws: `ConfigurationError` for an unknown key, `DecodingError` for a value that is missing or of another
        ///   type.
        public init(from decoder: any Decoder) throws {
            let values = try StrictMapping(
                decoder, known: PairedMaps.keys + ["weight", "temperature", "negatives", "momentum"])
            let maps = try PairedMaps(values)
            let standard = ContrastTerm("")
            contrast = ContrastTerm(
                student: maps.student, teacher: maps.teacher, weight: try values.value("weight", or: standard.weight),
                temperature: try values.value("temperature", or: standard.temperature),
                negatives: try values.value("negatives", or: standard.negatives),
                momentum: try values.value("momentum", or: standard.momentum))
        }
    }
}

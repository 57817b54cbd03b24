import TensorCore
import Training

extension TemperatureCurriculum {
    /// A curriculum of the temperature as a recipe has it: `{lowest: 1, highest: 21, reversal: {schedule: cosine, from:
    /// 0, to: 1}}`, each of which may be left out.
    public struct Description: Decodable {
        /// What is described.
        public let curriculum: TemperatureCurriculum

        /// Reads a description.
        ///
        /// - Throws: `ConfigurationError` for an unknown key, `DecodingError` for a value of another type.
        public init(from decoder: any Decoder) throws {
            let values = try StrictMapping(decoder, known: ["lowest", "highest", "reversal"])
            let standard = TemperatureCurriculum()
            curriculum = TemperatureCurriculum(
                lowest: try values.value("lowest", or: standard.lowest),
                highest: try values.value("highest", or: standard.highest),
                reversal: values.has("reversal")
                    ? try values.value("reversal", as: Schedule.Description.self).schedule : standard.reversal)
        }
    }
}

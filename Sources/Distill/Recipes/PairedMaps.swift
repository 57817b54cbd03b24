import TensorCore

/// The names of a pair of feature maps in a recipe: `stage` where both networks have it, or `student` and `teacher`.
struct PairedMaps {
    static let keys = ["stage", "student", "teacher"]
    let student, teacher: String

    /// - Throws: `ConfigurationError` for a stage beside another name, `DecodingError` for none.
    init(_ values: StrictMapping) throws {
        guard values.has("stage") else {
            student = try values.value("student")
            teacher = try values.value("teacher")
            return
        }
        if let other = ["student", "teacher"].first(where: values.has) {
            throw values.fault(other, "a name beside 'stage', which names both maps")
        }
        student = try values.value("stage")
        teacher = student
    }
}

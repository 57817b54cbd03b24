/// A fault in a recipe, or in the YAML of an option: the file, the line where it has one, the place in it, and why.
struct RecipeError: Error, CustomStringConvertible {
    let file: String
    var line: Int?
    var place = ""
    let problem: String

    var description: String {
        let places = [file.isEmpty ? nil : file, line.map { "line \($0)" }, place.isEmpty ? nil : place].compactMap {
            $0
        }
        return (places + [problem]).joined(separator: ": ")
    }
}

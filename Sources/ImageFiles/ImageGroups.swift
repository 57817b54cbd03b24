import Datasets
import TensorCore

/// What tells which images belong together and are held out together.
struct ImageGroups {
    private let pattern: String
    private let regex: Regex<AnyRegexOutput>

    /// - Returns: nil for a rule without groups.
    /// - Throws: `ConfigurationError` for a pattern that is no regular expression.
    init?(_ rule: HeldOut) throws {
        guard case .byGroup(let pattern) = rule else { return nil }
        self.pattern = pattern
        do { regex = try Regex(pattern) } catch {
            throw ConfigurationError(["group-by"], "'\(pattern)' found, a regular expression expected (\(error))")
        }
    }

    /// What the group of an image is known by.
    ///
    /// - Parameters:
    ///   - path: `class/file`.
    ///   - file: its name in an error.
    /// - Throws: `FormatError` where nothing matches.
    func identity(of path: String, file: String) throws -> UInt64 {
        guard let match = try? regex.firstMatch(in: path), let whole = match.output.first?.substring else {
            throw FormatError(
                file: file, problem: "nothing in '\(path)' that the pattern '\(pattern)' of groups matches",
                advice: "give a pattern that matches in every 'class/file', there what names the group")
        }
        let group = match.output.count > 1 ? match.output[1].substring ?? whole : whole
        return ImageIndex.identity(Array(group.utf8))
    }
}

/// A setting of a run, a plan or a policy cannot be followed: where it stands, by keys from the whole inwards, and why.
///
/// Says nothing of files: whoever read the setting from one finds the line by the keys. Without a file it reads
/// `hints[1].weight: -1 is not a number, 0 or more`.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One step of the way to a setting.
    public enum Key: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
        /// A setting by its name.
        case name(String)
        /// An element of a list, from 0.
        case index(Int)

        public init(stringLiteral value: String) { self = .name(value) }
        public init(integerLiteral value: Int) { self = .index(value) }
    }

    /// The way to the setting; empty for the whole.
    public var path: [Key]
    /// Why it cannot be followed: the found value, and what would do.
    public var problem: String

    /// Creates an error.
    public init(_ path: [Key] = [], _ problem: String) {
        self.path = path
        self.problem = problem
    }

    /// The same error of a setting that stands within another.
    public func within(_ keys: Key...) -> Self { Self(keys + path, problem) }

    /// The keys as text: `hints[1].weight`.
    public var place: String {
        path.reduce(into: "") { text, key in
            switch key {
            case .name(let name): text += text.isEmpty ? name : ".\(name)"
            case .index(let index): text += "[\(index)]"
            }
        }
    }

    public var description: String { path.isEmpty ? problem : "\(place): \(problem)" }

    /// Runs the closure, whose configuration errors are about settings within another.
    public static func within<Result>(_ keys: Key..., body: () throws -> Result) throws -> Result {
        do { return try body() } catch let error as ConfigurationError { throw Self(keys + error.path, error.problem) }
    }
}

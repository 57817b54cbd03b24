/// A decoder's error in the words of every other one: the way to the value, and what is wrong with it.
package struct DecodingFault {
    /// From the whole inwards.
    package let path: [ConfigurationError.Key]
    /// A value of what kind was expected there; nil where another problem is known.
    package let expected: String?
    private let problem: String

    package init(_ error: DecodingError) {
        switch error {
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            self.init(context, expected: Self.name(of: type))
        case .keyNotFound(let key, let context):
            self.init(context, problem: "no '\(key.stringValue)' found, this key expected")
        case .dataCorrupted(let context):
            self.init(context, expected: "numbers that are not too large, and whole where they count something")
        @unknown default:
            self.init(.init(codingPath: [], debugDescription: ""), problem: "\(error)")
        }
    }

    private init(_ context: DecodingError.Context, expected: String? = nil, problem: String = "") {
        path = context.codingPath.map(ConfigurationError.Key.init)
        self.expected = expected
        self.problem = problem
    }

    /// What is wrong.
    ///
    /// - Parameter found: the value, in words.
    package func problem(found: String) -> String { expected.map { "\(found) found, \($0) expected" } ?? problem }

    /// What a person calls a type.
    private static func name(of type: Any.Type) -> String {
        switch type {
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        default: "\(type)".hasPrefix("Array") ? "a list" : "a mapping"
        }
    }
}

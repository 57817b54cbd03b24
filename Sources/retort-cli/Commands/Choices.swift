import ArgumentParser
import Retort

// Values of options that a library has by names.

extension ResponseLoss: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument, of: Self.named) }
    public static var allValueStrings: [String] { named.map(\.name) }
    public var defaultValueDescription: String { Self.name(of: self, in: Self.named) }
}

extension Ensemble.Averaging: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument, of: Self.named) }
    public static var allValueStrings: [String] { named.map(\.name) }
    public var defaultValueDescription: String { Self.name(of: self, in: Self.named) }
}

extension Observer: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument, of: Self.named) }
    public static var allValueStrings: [String] { named.map(\.name) }
    public var defaultValueDescription: String { Self.name(of: self, in: Self.named) }
}

extension ExpressibleByArgument where Self: Equatable {
    fileprivate init?(_ name: String, of choices: [(name: String, value: Self)]) {
        guard let choice = choices.first(where: { $0.name == name }) else { return nil }
        self = choice.value
    }

    fileprivate static func name(of value: Self, in choices: [(name: String, value: Self)]) -> String {
        choices.first { $0.value == value }?.name ?? "\(value)"
    }
}

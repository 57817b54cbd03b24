import Layers
import TensorCore

/// Parameters of a part of a network that are trained in another way than the rest.
///
///     plan.groups = [.frozen("stem"), ParameterGroup("stage1", rateFactor: 0.1)]
///
/// Of several groups that a parameter belongs to, the one with the longest path counts alone.
public struct ParameterGroup: Hashable, Sendable, Codable {
    /// The path of a submodule or a parameter, in whole components: `stage1` has `stage1.0.conv.weight` in it and
    /// `stage10.weight` not. In mutual learning paths begin with `first` or `second`.
    public var path: String
    /// The factor on the learning rate, 0 or more.
    public var rateFactor: Float
    /// The weight decay in place of the optimiser's, 0 or more; nil for the optimiser's.
    public var weightDecay: Float?
    /// Whether all of it stays as it is, to the last bit: weights get no gradient, and statistics are not renewed.
    public var isFrozen: Bool

    /// Describes a group that is trained.
    public init(_ path: String, rateFactor: Float = 1, weightDecay: Float? = nil) {
        self.path = path
        self.rateFactor = rateFactor
        self.weightDecay = weightDecay
        isFrozen = false
    }

    /// A part of the network that is not trained. Its normalisations still see the batch's statistics in training, as
    /// all others do.
    public static func frozen(_ path: String) -> Self {
        var group = Self(path)
        group.isFrozen = true
        return group
    }

    func contains(_ parameter: String) -> Bool { parameter == path || parameter.hasPrefix(path + ".") }
}

extension [ParameterGroup] {
    /// The group that a parameter belongs to; nil for none.
    func group(of parameter: String) -> ParameterGroup? {
        filter { $0.contains(parameter) }.max { $0.path.utf8.count < $1.path.utf8.count }
    }

    /// Whether a parameter stays as it is.
    func freezes(_ parameter: String) -> Bool { !isEmpty && group(of: parameter)?.isFrozen == true }

    /// Checks the groups of a network.
    ///
    /// - Throws: `ConfigurationError` for a path that no parameter has, one that comes twice, and a number out of
    ///   range.
    package func check(for model: some Module) throws {
        guard !isEmpty else { return }
        let paths = model.parameters.map(\.path)
        var seen: Set<String> = []
        for (index, group) in enumerated() {
            func fault(_ key: ConfigurationError.Key, _ problem: String) -> ConfigurationError {
                ConfigurationError(["groups", .index(index), key], problem)
            }
            guard paths.contains(where: group.contains) else {
                let parts = Set(paths.map { String($0.prefix { $0 != "." }) }).sorted().joined(separator: ", ")
                throw fault("path", "the network has no parameter under '\(group.path)'; its parts are \(parts)")
            }
            guard seen.insert(group.path).inserted else { throw fault("path", "'\(group.path)' comes twice") }
            guard group.rateFactor >= 0, group.rateFactor.isFinite else {
                throw fault("rateFactor", "\(group.rateFactor) is not a number, 0 or more")
            }
            guard group.weightDecay.map({ $0 >= 0 && $0.isFinite }) ?? true else {
                throw fault("weightDecay", "\(group.weightDecay ?? 0) is not a number, 0 or more")
            }
        }
    }
}

import ArgumentParser
import Retort
import Yams

/// Options that change nothing without another: nobody gives them for nothing, so they are refused.
///
/// A value that is the default counts as not given, as printed recipes have all of them.
enum IdleOption {
    private typealias Values = [String: Node]

    /// The options with their defaults, whether they are of use, and what to say where they are not.
    private static let rules: [(defaults: [String: [String]], isOfUse: @Sendable (Values) -> Bool, problem: String)] = [
        (
            ["checkpoint-every": [], "keep-checkpoints": ["3"]], { $0["checkpoint"] != nil },
            "needs --checkpoint FILE, where states are kept"
        ),
        (["strength": ["1.0"]], { $0["augment"]?.string != "none" }, "needs an --augment, which it makes stronger"),
        (
            ["gate": [], "candidates": []], { $0["augment"]?.string != "none" && teachers($0) > 0 },
            "needs an --augment whose views a --teacher judges"
        ),
        (
            ["learning-rate": [], "augment": ["none"], "hard-label-weight": ["0.1"]],
            { $0["qat"]?.string != "0" && $0["steps"]?.string != "0" },
            "needs steps of training: --qat of quantize, --steps of prune"
        ),
        (["unlabelled-ratio": []], { $0["unlabelled"]?.string == "true" }, "needs --unlabelled"),
        (
            ["teacher": []], { $0["to"] == nil || $0["steps"]?.string != "0" },
            "teaches in steps of training, and --steps is 0; leave one of the two out"
        ),
        (
            ["multiple": ["8"]], { cutsFilters($0) },
            "is for filters, which --to flops, bytes and latency cut; leave it out"
        ),
        (
            ["importance": ["l1"]], { cutsFilters($0) || $0["scan"]?.string == "true" },
            "is for filters, which --to flops, bytes and latency and --scan cut; leave it out"
        ),
        (
            ["temperature": ["4.0", "4"]], { $0["temperatures"] == nil },
            "is what --temperatures looks for; leave one of the two out"
        ),
        (["operator-set": ["13"]], { $0["onnx"] != nil }, "is for --onnx FILE; leave it out"),
    ]

    /// - Throws: `ConfigurationError` whose path is the option.
    static func check(_ command: any ParsableArguments) throws {
        let settings = Setting.all(of: command, isParsed: true)
        let values = Dictionary(settings.compactMap { one in one.node.map { (one.name, $0) } }) { $1 }
        for rule in rules where !rule.isOfUse(values) {
            for name in settings.map(\.name) {
                guard let defaults = rule.defaults[name], let value = values[name] else { continue }
                guard !defaults.contains(value.string ?? "") else { continue }
                throw ConfigurationError([.name(name)], rule.problem)
            }
        }
    }

    /// Whether one of the targets of `prune` cuts filters.
    private static func cutsFilters(_ values: Values) -> Bool {
        (values["to"]?.sequence?.compactMap(\.string) ?? []).contains { target in
            ["flops:", "bytes:", "latency:"].contains(where: target.hasPrefix)
        }
    }

    private static func teachers(_ values: Values) -> Int { values["teacher"]?.sequence?.count ?? 0 }
}

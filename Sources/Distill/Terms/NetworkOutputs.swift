import Autograd
import Layers
import TensorCore

/// What a network says of a batch, as tensors or as variables of a tape.
public struct NetworkOutputs<Value> {
    /// [N, classes].
    public let logits: Value
    /// The feature maps that were asked for, by name.
    public let maps: [String: Value]
    /// The names of all that the network has.
    let names: [String]

    /// Bundles outputs.
    public init(logits: Value, maps: [String: Value] = [:]) {
        self.init(logits: logits, maps: maps, names: maps.keys.sorted())
    }

    init(logits: Value, maps: [String: Value], names: [String]) {
        self.logits = logits
        self.maps = maps
        self.names = names
    }

    /// A feature map; one that was not asked for, or that the network no longer has, stops the program.
    public subscript(name: String) -> Value {
        guard let map = maps[name] else {
            fatalError("NetworkOutputs: no feature map '\(name)' among \(maps.keys.sorted())")
        }
        return map
    }
}

extension NetworkOutputs<Tensor> {
    /// - Throws: `ConfigurationError` if a teacher's outputs are not finite: the student would learn NaN from them.
    func checkFinite(in place: String) throws {
        guard !logits.isFinite else { return }
        throw ConfigurationError(
            ["teacher"],
            "its outputs are NaN or infinite \(place): did its training diverge, or is the normalization another?")
    }
}

extension Module {
    /// Logits and feature maps of a batch by their names, or by the paths of layers, without gradients.
    ///
    /// - Parameter mode: in training mode with the batch's statistics, which are not kept.
    func featureMaps(
        _ names: Set<String>, of input: Tensor, mode: Tape.Mode = .evaluation
    ) -> NetworkOutputs<Tensor> {
        let tape = Tape(mode: mode, features: names)
        var model = self
        if mode == .training || !names.isEmpty { tape.bind(&model) }  // so that a layer's path is known
        let logits = model(tape.input(input)).value
        return NetworkOutputs(logits: logits, maps: tape.features.mapValues(\.value), names: tape.featureNames)
    }
}

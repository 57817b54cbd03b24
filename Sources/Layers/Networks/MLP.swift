import Autograd
import TensorCore

/// A multilayer perceptron: the image as one vector, hidden layers with ReLU, logits.
///
/// Input [N, ...] with as many elements an image as the first layer takes, output logits [N, classes].
public struct MLP: Module {
    /// The layers, the last without ReLU.
    public var layers: [Dense]

    /// Creates a network; the same seed gives the same weights.
    public init(inputs: Int, hidden: [Int], classes: Int, seed: UInt64) {
        require(
            inputs > 0 && classes > 0 && hidden.allSatisfy { $0 > 0 },
            "MLP: \(inputs) inputs, hidden \(hidden), \(classes) classes, 1 or more expected")
        var random = Initialization.stream(seed: seed)
        let sizes = [inputs] + hidden + [classes]
        layers = zip(sizes, sizes.dropFirst()).map { Dense($0, $1, using: &random) }
    }

    /// Outputs of the hidden layers.
    public var widths: [Int] { layers.dropLast().map { $0.weight.value.shape[1] } }

    public func callAsFunction(_ input: Variable) -> Variable {
        layers.enumerated().reduce(input.flattened()) { value, layer in
            let output = layer.element(value)
            return layer.offset == layers.count - 1 ? output : output.relu()
        }
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("layers", &layers) }
}

extension MLP {
    /// By name: "mlp-128-64". It has no normalisation and so wants a low rate.
    public static let family = NetworkFamily(
        "mlp-HIDDEN[-HIDDEN…]", learningRate: 0.05, accepts: { (1...8).contains($0.count) },
        weights: { sizes, input, classes in
            zip([input.elementCount] + sizes, sizes + [classes]).reduce(0) { $0 + $1.0 * $1.1 }
        }
    ) { sizes, input, classes, seed in
        return MLP(inputs: input.elementCount, hidden: sizes, classes: classes, seed: seed)
    }
}

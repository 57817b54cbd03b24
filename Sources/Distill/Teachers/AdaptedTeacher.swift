import Autograd
import Datasets
import Foundation
import Layers
import TensorCore

/// A trained network as the teacher of a student that reads other inputs than it does: of another size, normalised
/// otherwise, grey under a network for colours, of which some classes alone matter, or in another order.
///
///     let adapted = AdaptedTeacher(
///         network, reading: ImageSize(height: 224, width: 224, channels: 3), normalizedBy: own, from: normalization,
///         classes: [[281, 282, 285], [207]])
///
/// It takes the student's inputs, brings them to what the network reads, and gives logits of the student's classes.
/// Inputs that have the network's size, as ``TwoSizes`` makes them beside the student's, keep their detail; others are
/// resized, bilinear with a filter against aliasing. A teacher is not trained, so a pass in training mode stops the
/// program.
public struct AdaptedTeacher: Module {
    /// What there is between a student's inputs and a network.
    struct Adaptation: Sendable, Hashable, Codable {
        let height, width: Int
        let own, given: Normalization
        let classes: [[Int]]?
    }

    /// The network as it was trained.
    public private(set) var network: any Module
    let adaptation: Adaptation

    /// Adapts a network. Channels that are neither as many nor 1 beside 3 stop the program.
    ///
    /// - Parameters:
    ///   - size: at which the network reads images.
    ///   - own: as the network expects its inputs.
    ///   - given: how the inputs are normalised that it is given. Of 1 channel where the network reads 3, each becomes
    ///     that one; of 3 where it reads 1, that one becomes the luma of Rec. 601.
    ///   - classes: for each class of the student the network's outputs that mean it, one or more, whose probabilities
    ///     add up; nil where its outputs are the student's classes.
    public init(
        _ network: any Module, reading size: ImageSize, normalizedBy own: Normalization, from given: Normalization,
        classes: [[Int]]? = nil
    ) {
        let channels = (given.mean.count, own.mean.count)
        require(
            own.mean.count == size.channels && Self.adapts(channels: channels.0, to: channels.1),
            "AdaptedTeacher: inputs of \(channels.0) channels for a network of \(size.channels), normalised by "
                + "\(channels.1); as many, or 1 beside 3 expected")
        require(classes?.allSatisfy { !$0.isEmpty } ?? true, "AdaptedTeacher: a class that no output means")
        self.network = network
        adaptation = Adaptation(height: size.height, width: size.width, own: own, given: given, classes: classes)
    }

    /// Whether inputs of so many channels can be brought to those of a network: as many, or 1 beside 3.
    public static func adapts(channels given: Int, to own: Int) -> Bool {
        given == own || (given, own) == (1, 3) || (given, own) == (3, 1)
    }

    public func callAsFunction(_ input: Variable) -> Variable {
        require(
            input.tape.mode == .evaluation,
            "AdaptedTeacher: a pass in training mode, evaluation expected; train network")
        let logits = network(input.tape.constant(adaptation.inputs(from: input.value)))
        guard let classes = adaptation.classes else { return logits }
        return input.tape.constant(Self.logits(of: classes, from: logits.value))
    }

    public mutating func visitParameters(_ visitor: ParameterVisitor) { visitor("network", &network) }

    /// The logarithm of each class's probability, where several outputs may mean one class and some mean none.
    private static func logits(of classes: [[Int]], from logits: Tensor) -> Tensor {
        // Outputs that mean one class each keep their logits: a shared number more or less changes no softmax.
        if classes.allSatisfy({ $0.count == 1 }) { return logits.gathering(classes.map { $0[0] }, axis: 1) }
        let rows = logits.rowsInDouble.flatMap { row in
            classes.map { outputs in
                let largest = outputs.reduce(-Double.infinity) { max($0, row[$1]) }
                return Float(largest + log(outputs.reduce(0) { $0 + exp(row[$1] - largest) }))
            }
        }
        return Tensor(rows, shape: [logits.shape[0], classes.count])
    }
}

extension AdaptedTeacher.Adaptation {
    /// Inputs [N, H, W, C] as the network reads them.
    func inputs(from inputs: Tensor) -> Tensor {
        var inputs = inputs
        let extents = (height: inputs.shape[1], width: inputs.shape[2])
        if extents != (height, width) {
            inputs = resized(
                inputs,
                ResizeGeometry(
                    input: extents, output: (height, width), Interpolation(.linear, antialias: true)))
        }
        guard own != given else { return inputs }
        // Out of (byte / 255 − mean) / deviation and into the other, channel by channel.
        let channels = given.mean.count
        let values = inputs * Tensor(given.deviation, shape: [channels]) + Tensor(given.mean, shape: [channels])
        let converted =
            channels == 3 && own.mean.count == 1
            ? (values * Tensor([0.299, 0.587, 0.114], shape: [3])).sum(axis: 3, keepingAxis: true) : values
        let count = own.mean.count
        return (converted - Tensor(own.mean, shape: [count])) * Tensor(own.deviation.map { 1 / $0 }, shape: [count])
    }
}

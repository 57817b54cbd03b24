import Autograd
import Datasets
import Layers
import TensorCore

/// A pair of feature maps that the student is to make alike (FitNets, Romero et al., arXiv 1412.6550).
///
/// The student's map goes through a 1×1 convolution that is learnt with it and dropped at the end, so channels may differ;
/// the larger map is averaged down, so its sides must be a whole multiple of the other's. The loss is the mean squared
/// difference divided by the mean square of the teacher's map, so that a weight means the same at every stage.
public struct Hint: Hashable, Sendable, Codable {
    /// The name of the student's map.
    public let student: String
    /// The name of the teacher's map.
    public let teacher: String
    /// The factor of this pair in the loss.
    public let weight: Float

    /// Pairs two maps.
    public init(student: String, teacher: String, weight: Float = 1) {
        self.student = student
        self.teacher = teacher
        self.weight = weight
    }

    /// Pairs maps that have the same name in both networks.
    public init(_ name: String, weight: Float = 1) { self.init(student: name, teacher: name, weight: weight) }

    /// The loss of a batch.
    ///
    /// - Parameters:
    ///   - studentMap: [N, H, W, C].
    ///   - adapter: from C to the teacher's channels.
    ///   - teacherMap: [N, H', W', C'].
    ///   - perturbing: from the maps' common shape to a change that both go through before they are compared.
    func loss(
        _ studentMap: Variable, adapter: Conv2D, teacherMap: Tensor, perturbing: ((Shape) -> FeaturePerturbation)?
    ) -> Variable {
        let (_, height, width, channels) = studentMap.shape.nhwc(for: "hint")
        let (_, teacherHeight, teacherWidth, teacherChannels) = teacherMap.shape.nhwc(for: "hint")
        var target = teacherMap
        if let pooling = Self.pooling(
            from: (teacherHeight, teacherWidth), to: (height, width), channels: teacherChannels)
        {
            target = averagePool2D(target, pooling)
        }
        var map = studentMap
        if let pooling = Self.pooling(
            from: (height, width), to: (teacherHeight, teacherWidth), channels: channels)
        {
            map = map.averagePooled(pooling)
        }
        var adapted = adapter(map)
        let scale = max((target * target).mean(), .leastNormalMagnitude)
        if let perturbation = perturbing?(target.shape) {
            adapted = adapted.perturbed(by: perturbation)
            target = target.perturbed(by: perturbation)
        }
        return adapted.meanSquaredError(to: target) * (1 / scale)
    }

    /// The average that brings the larger sides to the smaller; nil if they are not larger.
    private static func pooling(
        from: (height: Int, width: Int), to: (height: Int, width: Int), channels: Int
    ) -> Pool2DGeometry? {
        guard from.height > to.height || from.width > to.width else { return nil }
        require(
            from.height % to.height == 0 && from.width % to.width == 0,
            "hint: a map of \(from.height)×\(from.width) is not a whole multiple of \(to.height)×\(to.width)")
        return Pool2DGeometry(
            input: (from.height, from.width, channels), window: (from.height / to.height, from.width / to.width))
    }
}

extension Variable {
    /// Applies a change to a feature map; the gradient flows through it.
    public func perturbed(by change: FeaturePerturbation) -> Variable {
        var output = self
        if let permutation = change.channelPermutation { output = output.permutingChannels(permutation) }
        if let multiplier = change.multiplier { output = output.multiplied(byBroadcast: multiplier) }
        if let addend = change.addend { output = output + tape.constant(addend) }
        return output
    }
}

extension Tensor {
    /// Applies a change to a feature map.
    public func perturbed(by change: FeaturePerturbation) -> Tensor {
        var output = self
        if let permutation = change.channelPermutation { output = output.permutingLastAxis(permutation) }
        if let multiplier = change.multiplier { output = output * multiplier.broadcast(to: shape) }
        if let addend = change.addend { output = output + addend }
        return output
    }
}

/// A student and the adapters that are learnt with it.
struct HintedStudent<Student: Module>: Module {
    var student: Student
    var adapters: [Conv2D]

    func callAsFunction(_ input: Variable) -> Variable { student(input) }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("student", &student)
        visitor("adapters", &adapters)
    }

    /// Fresh adapters for the hints, sized by sending one image through both networks.
    ///
    /// - Throws: `FormatError` naming a map that a network does not have.
    init(_ student: Student, teacher: any Module, hints: [Hint], image: Tensor, seed: UInt64) throws {
        self.student = student
        let own = student.featureMaps(Set(hints.map(\.student)), of: image).maps
        let wanted = teacher.featureMaps(Set(hints.map(\.teacher)), of: image).maps
        adapters = try hints.enumerated().map { index, hint in
            guard let from = own[hint.student], from.shape.rank == 4 else {
                throw FormatError(
                    file: "hint \(index)", place: "student",
                    found: "'\(hint.student)', no feature map of \(Student.self)",
                    expected: "the name of a map")
            }
            guard let to = wanted[hint.teacher], to.shape.rank == 4 else {
                throw FormatError(
                    file: "hint \(index)", place: "teacher",
                    found: "'\(hint.teacher)', no feature map of \(type(of: teacher))", expected: "the name of a map")
            }
            var random = Philox(seed: seed, sample: 1 + index, operation: RandomPurpose.initialization)
            return Conv2D(from.shape[3], to.shape[3], kernel: 1, using: &random)
        }
    }
}

extension Module {
    /// Logits and named feature maps of a batch, in evaluation mode and without gradients.
    func featureMaps(_ names: Set<String>, of input: Tensor) -> (logits: Tensor, maps: [String: Tensor]) {
        let tape = Tape(mode: .evaluation, features: names)
        let logits = self(tape.input(input)).value
        return (logits, tape.features.mapValues(\.value))
    }
}

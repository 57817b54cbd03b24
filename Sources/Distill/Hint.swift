import Autograd
import Datasets
import Layers
import TensorCore

/// A pair of feature maps that the student is to make alike (FitNets, Romero et al., arXiv 1412.6550).
///
/// The student's map goes through a 1×1 convolution that is learnt with it and dropped at the end, so channels may differ;
/// the larger map is averaged down, so its sides must be a whole multiple of the other's. The loss is the mean squared
/// difference divided by the mean square of the teacher's map (at least 10⁻⁶, should the map be dead), so that a weight
/// means the same at every stage.
public struct Hint: Hashable, Sendable, Codable {
    /// The name of the student's map.
    public let student: String
    /// The name of the teacher's map.
    public let teacher: String
    /// The factor of this pair in the loss, 0 or more.
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
        let scale = max((target * target).mean(), 1e-6)
        if let perturbation = perturbing?(target.shape) {
            adapted = adapted.perturbed(by: perturbation)
            target = target.perturbed(by: perturbation)
        }
        return adapted.meanSquaredError(to: target) * (1 / scale)
    }

    private static func isMultiple(_ sides: (height: Int, width: Int), of other: (height: Int, width: Int)) -> Bool {
        sides.height % other.height == 0 && sides.width % other.width == 0
    }

    /// Checks a pair of maps of one image each.
    ///
    /// - Throws: `FormatError` if a map is missing, the sides do not divide or the weight is negative.
    func check(student: Tensor?, teacher: Tensor?, number: Int) throws -> (student: Shape, teacher: Shape) {
        guard let student = student?.shape, student.rank == 4 else { throw missing("student", number: number) }
        guard let teacher = teacher?.shape, teacher.rank == 4 else { throw missing("teacher", number: number) }
        let sides = ((height: student[1], width: student[2]), (height: teacher[1], width: teacher[2]))
        guard Self.isMultiple(sides.0, of: sides.1) || Self.isMultiple(sides.1, of: sides.0) else {
            throw FormatError(
                file: "hint \(number)", place: "student '\(self.student)', teacher '\(self.teacher)'",
                found: "maps of \(student[1])×\(student[2]) and \(teacher[1])×\(teacher[2])",
                expected: "sides of which one is a whole multiple of the other")
        }
        guard weight >= 0, weight.isFinite else {
            throw FormatError(
                file: "hint \(number)", place: "weight", found: "\(weight)", expected: "a number, 0 or more")
        }
        return (student, teacher)
    }

    /// The error for a map that the student or the teacher does not have.
    func missing(_ whose: String, number: Int) -> FormatError {
        FormatError(
            file: "hint \(number)", place: whose, found: "no feature map '\(whose == "student" ? student : teacher)'",
            expected: "the name of a map [N, H, W, C] of the \(whose)'s")
    }

    /// The average that brings the larger sides to the smaller; nil if they are not larger.
    private static func pooling(
        from: (height: Int, width: Int), to: (height: Int, width: Int), channels: Int
    ) -> Pool2DGeometry? {
        guard from.height > to.height || from.width > to.width else { return nil }
        require(
            isMultiple(from, of: to),
            "hint: a map of \(from.height)×\(from.width) is not a whole multiple of \(to.height)×\(to.width)")
        return Pool2DGeometry(
            input: (from.height, from.width, channels), window: (from.height / to.height, from.width / to.width))
    }
}

extension Variable {
    /// Applies a change to a feature map; the gradient flows through it.
    public func perturbed(by change: FeaturePerturbation) -> Variable {
        var output = self
        if let blend = change.rowBlend { output = output.blendingRows(with: blend.partners, shares: blend.shares) }
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
        if let blend = change.rowBlend { output = output.blendingRows(with: blend.partners, shares: blend.shares) }
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
    /// - Throws: `FormatError` for networks of different numbers of classes, and for a hint that cannot be followed.
    init(_ student: Student, teacher: any Module, hints: [Hint], image: Tensor, seed: UInt64) throws {
        self.student = student
        let (logits, own) = student.featureMaps(Set(hints.map(\.student)), of: image)
        let (teaching, wanted) = teacher.featureMaps(Set(hints.map(\.teacher)), of: image)
        guard logits.shape == teaching.shape else {
            throw FormatError(
                file: "distillation", place: "teacher", found: "outputs of shape \(teaching.shape) for one image",
                expected: "\(logits.shape), as the student's")
        }
        adapters = try hints.enumerated().map { index, hint in
            let shapes = try hint.check(student: own[hint.student], teacher: wanted[hint.teacher], number: index)
            var random = Philox(seed: seed, sample: 1 + index, operation: RandomPurpose.initialization)
            return Conv2D(shapes.student[3], shapes.teacher[3], kernel: 1, using: &random)
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

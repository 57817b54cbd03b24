import Autograd
import Datasets
import TensorCore

/// A pair of feature maps that the student is to make alike, and in which respect.
///
/// Where ``FeatureLoss`` compares pixels the larger map is averaged down, so its sides must be a whole multiple of the
/// other's. Where it compares elements the student's map also goes through an adapter, a 1×1 convolution and a
/// normalisation, so channels may differ. It starts as the best affine map for some of the images, is learnt with the
/// student and dropped at the end.
public struct Hint: Hashable, Sendable, Codable {
    /// The name of the student's map, or the path of a layer or block that gives it: `stage2.0.first`.
    public let student: String
    /// The name of the teacher's map, or a path likewise.
    public let teacher: String
    /// The factor of this pair in the loss, 0 or more.
    public let weight: Float
    /// In which respect they are to be alike.
    public let loss: FeatureLoss

    /// Pairs two maps.
    public init(student: String, teacher: String, weight: Float = 1, loss: FeatureLoss = .hint) {
        self.student = student
        self.teacher = teacher
        self.weight = weight
        self.loss = loss
    }

    /// Pairs maps that have the same name in both networks.
    public init(_ name: String, weight: Float = 1, loss: FeatureLoss = .hint) {
        self.init(student: name, teacher: name, weight: weight, loss: loss)
    }

    /// Under what its loss is logged: the loss and the map's name, or both maps' names.
    var name: String { student == teacher ? "\(loss.name) \(student)" : "\(loss.name) \(student) \(teacher)" }

    /// The loss of a batch.
    ///
    /// - Parameters:
    ///   - studentMap: [N, H, W, C].
    ///   - adapter: from C to the teacher's channels, for losses that need it.
    ///   - teacherMap: [N, H', W', C'].
    ///   - perturbing: from the maps' common shape to a change that both go through before they are compared; for
    ///     losses that compare elements, as no others have maps of a common shape.
    ///   - weights: of the images, 0 or more; nil for 1.
    func loss(
        _ studentMap: Variable, adapter: FeatureAdapter?, teacherMap: Tensor,
        perturbing: ((Shape) -> FeaturePerturbation)?, weights: [Float]? = nil
    ) -> Variable {
        guard loss.needsEqualSides else { return loss(studentMap, teacherMap, weights: weights) }
        var map = studentMap
        if let pooling = Self.pooling(from: map.shape, to: teacherMap.shape) { map = map.averagePooled(pooling) }
        var target = Self.pooled(teacherMap, to: map.shape)
        guard let adapter else { return loss(map, target, weights: weights) }
        map = adapter(map)
        if let perturbation = perturbing?(target.shape) {
            map = map.perturbed(by: perturbation)
            target = target.perturbed(by: perturbation)
        }
        return loss(map, target, weights: weights)
    }

    /// A map averaged down to another's height and width, if it is larger.
    static func pooled(_ map: Tensor, to other: Shape) -> Tensor {
        pooling(from: map.shape, to: other).map { averagePool2D(map, $0) } ?? map
    }

    /// The average that brings a map's sides to those of another; nil if they are not larger.
    private static func pooling(from: Shape, to: Shape) -> Pool2DGeometry? {
        let (_, height, width, channels) = from.nhwc(for: "hint")
        guard height > to[1] || width > to[2] else { return nil }
        require(
            height % to[1] == 0 && width % to[2] == 0,
            "hint: a map of \(height)×\(width) is not a whole multiple of \(to[1])×\(to[2])")
        return Pool2DGeometry(input: (height, width, channels), window: (height / to[1], width / to[2]))
    }

    /// Checks a pair of maps of some images.
    ///
    /// - Parameter names: of the maps that each network has.
    /// - Throws: `ConfigurationError` if a map is missing or of no use to the loss, the sides do not divide, or a
    ///   weight is negative.
    func check(student: Tensor?, teacher: Tensor?, names: (student: [String], teacher: [String])) throws {
        guard let student = student?.shape else {
            throw ConfigurationError.missingMap(self.student, among: names.student).within("student")
        }
        guard let teacher = teacher?.shape else {
            throw ConfigurationError.missingMap(self.teacher, among: names.teacher).within("teacher")
        }
        for (whose, name, shape) in [("student", self.student, student), ("teacher", self.teacher, teacher)]
        where loss.needsEqualSides ? shape.rank != 4 : shape.rank < 2 {
            throw ConfigurationError(
                [.name(whose)],
                "map '\(name)' has shape \(shape), not [N, H, W, C]; loss \(FeatureLoss.ofAnyShape) takes others too")
        }
        let isJoinable =
            zip(student, teacher).dropFirst().prefix(2).allSatisfy { $0 % $1 == 0 }
            || zip(student, teacher).dropFirst().prefix(2).allSatisfy { $1 % $0 == 0 }
        guard isJoinable || !loss.needsEqualSides else {
            throw ConfigurationError(
                [],
                "maps of \(student[1])×\(student[2]) (student '\(self.student)') and \(teacher[1])×\(teacher[2]) "
                    + "(teacher '\(self.teacher)'), of which neither is a whole multiple of the other; loss "
                    + "\(FeatureLoss.ofAnyShape) takes any")
        }
        for (name, weight) in [("weight", weight)] + loss.factors where !(weight >= 0 && weight.isFinite) {
            throw ConfigurationError([.name(name)], "\(weight) is not a number, 0 or more")
        }
    }
}

extension FeatureLoss {
    /// Those that take maps of any shapes, in words.
    fileprivate static var ofAnyShape: String {
        named.filter { !$0.value.needsEqualSides }.map { "'\($0.name)'" }.joined(separator: " or ")
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

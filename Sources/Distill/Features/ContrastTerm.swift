import Foundation
import TensorCore

/// A pair of feature maps of which the student's is to tell its image from others in the teacher's: contrastive
/// representation distillation (CRD; Tian, Krishnan and Isola, arXiv 1910.10699).
///
/// Each map's average over its pixels is a point. The teacher's, t, has the mean over the training images taken out;
/// the student's, s, goes through a learnt affine map to the teacher's channels, dropped at the end. Both are scaled to
/// norm 1. A bank keeps t of every training image. The loss of an image is
///
/// ```text
/// −log h(t) − N · mean over negatives n of log (1 − h(n)),   h(x) = e^(s·x / τ) / (e^(s·x / τ) + N · z),
/// ```
///
/// averaged over the batch by its weights. N negatives are drawn from the bank for each step, for all its images; an
/// image leaves out itself and, if it has a label, those of its class. z, the mean of e^(s·n / τ) in the first step,
/// stays. As in any contrastive loss, a student that equals its teacher has no loss of 0: it is told from the negatives
/// still.
///
/// The paper learns an embedding of the teacher's maps too, and so needs a second bank for the other direction. Here
/// the teacher's points are as they are: what the bank keeps never ages but for the view, so one direction and little
/// momentum are enough.
public struct ContrastTerm: Hashable, Sendable, Codable {
    /// The name of the student's map.
    public let student: String
    /// The name of the teacher's map.
    public let teacher: String
    /// The factor of this pair in the loss, 0 or more.
    public let weight: Float
    /// τ, 0.02 or more.
    public let temperature: Float
    /// N, 1 or more.
    public let negatives: Int
    /// How much of an image's point in the bank stays when it comes by in another view, 0 ..< 1.
    public let momentum: Float

    /// Pairs two maps, each [N, H, W, C] or [N, C].
    public init(
        student: String, teacher: String, weight: Float = 1, temperature: Float = 0.1, negatives: Int = 256,
        momentum: Float = 0.5
    ) {
        self.student = student
        self.teacher = teacher
        self.weight = weight
        self.temperature = temperature
        self.negatives = negatives
        self.momentum = momentum
    }

    /// Pairs maps that have the same name in both networks.
    public init(
        _ name: String, weight: Float = 1, temperature: Float = 0.1, negatives: Int = 256, momentum: Float = 0.5
    ) {
        self.init(
            student: name, teacher: name, weight: weight, temperature: temperature, negatives: negatives,
            momentum: momentum)
    }

    /// Under what its loss is logged.
    var name: String { student == teacher ? "contrast \(student)" : "contrast \(student) \(teacher)" }

    /// Checks the numbers in it and a pair of maps of some images.
    ///
    /// - Throws: `ConfigurationError` if a map is missing or no map of images or points, and for a number out of range.
    func check(student: Tensor?, teacher: Tensor?, names: (student: [String], teacher: [String])) throws {
        func fault(_ key: String, _ problem: String) -> ConfigurationError { ConfigurationError([.name(key)], problem) }
        for (whose, name, map, names) in [
            ("student", self.student, student, names.student), ("teacher", self.teacher, teacher, names.teacher),
        ] {
            guard let map else { throw ConfigurationError.missingMap(name, among: names).within(.name(whose)) }
            guard [2, 4].contains(map.shape.rank) else {
                throw fault(whose, "map '\(name)' has shape \(map.shape), not [N, H, W, C] or [N, C]")
            }
        }
        guard weight >= 0, weight.isFinite else { throw fault("weight", "\(weight) is not a number, 0 or more") }
        guard temperature >= 0.02, temperature.isFinite else {
            throw fault("temperature", "\(temperature) is not a number, 0.02 or more")
        }
        guard (1...1 << 20).contains(negatives) else {
            throw fault("negatives", "\(negatives) is not in 1 ... \(1 << 20)")
        }
        guard momentum >= 0, momentum < 1 else { throw fault("momentum", "\(momentum) is not in 0 ..< 1") }
    }
}

/// The losses of a ``ContrastTerm`` with the rows' own points and shared negatives.
///
/// - Parameters:
///   - student: s [N, D], rows of norm 1.
///   - positives: t [N, D], likewise.
///   - negatives: [M, D], likewise.
///   - isNegative: which of the negatives row i is told from; those of no use to it are left out of its mean.
///   - temperature: τ.
///   - count: N of the formula.
///   - normalizer: z.
/// - Returns: losses [N], and the gradient of their sum with respect to s [N, D].
func contrastiveLosses(
    student: Tensor, positives: Tensor, negatives: Tensor, isNegative: (Int, Int) -> Bool, temperature: Float,
    count: Int, normalizer: Float
) -> (losses: Tensor, gradient: Tensor) {
    let rows = student.shape[0]
    let offset = log(Double(count) * Double(normalizer))
    let attraction = (student * positives).sum(axis: 1).scalars
    // S[N, M] = s[N, D] · nᵀ
    let similarities = matmul(student, negatives, transposeB: true)
    let columns = negatives.shape[0]
    var losses = [Double](repeating: 0, count: rows)
    var pull = [Float](repeating: 0, count: rows)
    let push = similarities.withSpan { similarities in
        Tensor(shape: [rows, columns]) { push in
            for row in 0..<rows {
                // −log σ(x) is softplus(−x), and −log (1 − σ(x)) is softplus(x).
                let near = Double(attraction[row]) / Double(temperature) - offset
                var (repulsion, valid) = (0.0, 0)
                for column in 0..<columns {
                    push[row * columns + column] = 0
                    guard isNegative(row, column) else { continue }
                    let far = softplus(Double(similarities[row * columns + column]) / Double(temperature) - offset)
                    repulsion += far.value
                    valid += 1
                    push[row * columns + column] = Float(far.slope)
                }
                let share = valid > 0 ? Double(count) / Double(valid) : 0
                let close = softplus(-near)
                losses[row] = close.value + share * repulsion
                pull[row] = Float(-close.slope / Double(temperature))
                for column in 0..<columns { push[row * columns + column] *= Float(share / Double(temperature)) }
            }
        }
    }
    // ds[N, D] = P[N, M] · n[M, D]
    var gradient = matmul(push, negatives)
    gradient.add(positives.scalingRows(by: pull))
    return (Tensor(losses.map(Float.init)), gradient)
}

/// log (1 + eˣ) and its slope, σ(x).
private func softplus(_ x: Double) -> (value: Double, slope: Double) {
    let small = exp(-abs(x))
    return (max(x, 0) + log1p(small), x >= 0 ? 1 / (1 + small) : small / (1 + small))
}

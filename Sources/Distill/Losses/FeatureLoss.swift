import Autograd
import TensorCore

/// How unlike two feature maps are.
///
/// Each is scaled so that a weight means much the same at every stage: none grows with a map's size or its activations.
/// Where the images of a batch have weights, means over images are by them, and means over pairs and triples by their
/// products.
public enum FeatureLoss: Hashable, Sendable, Codable {
    /// The mean squared difference between the student's adapted map and the teacher's, divided by the mean square of
    /// the teacher's, at least 10⁻⁶ (FitNets, Romero et al., arXiv 1412.6550). About 1 for an adapter that has learnt
    /// nothing.
    case hint

    /// As ``hint``, with the teacher's map cut from below at each channel's mean negative response, and no loss where
    /// the target is not above 0 and the student is below it (Heo et al., arXiv 1904.01866).
    ///
    /// For maps before their ReLU, from which it copies which activations pass and how strongly, and not by how much
    /// the others fail to. The mean is over the batch. After a ReLU, as in our ready networks, the cut is at 0.
    case marginReLU

    /// The squared distance between both attention maps, the mean over channels of squared activations, each scaled to
    /// norm 1, averaged over images (Zagoruyko and Komodakis, arXiv 1612.03928). 0 ... 2. Says where to look and not
    /// what to see there.
    case attention

    /// The squared differences between both matrices of how similar each two images of the batch are, map · mapᵀ with
    /// rows scaled to norm 1, divided by N² (Tung and Mori, arXiv 1907.09682). Maps of any shapes.
    case similarity

    /// distance · L_D + angle · L_A over the images as points, each map's average over its pixels (Park et al., arXiv
    /// 1904.05068).
    ///
    /// L_D compares the distances between each two points, divided by their mean, L_A the cosine at each point of the
    /// angle between each two others; both by the Huber loss, averaged over all pairs and triples with those of a point
    /// with itself. Maps of any shapes. Takes time in proportion to N³. Weights 0 or more.
    case relational(distance: Float = 25, angle: Float = 50)

    /// All by the names that recipes have for them, each with its standard numbers.
    public static let named: [(name: String, value: FeatureLoss)] = [
        ("hint", .hint), ("margin-relu", .marginReLU), ("attention", .attention), ("similarity", .similarity),
        ("relational", .relational()),
    ]

    /// What computes it: the place where a loss is entered beside its case.
    private var function: any FeatureFunction {
        switch self {
        case .hint: AdaptedDistance()
        case .marginReLU: MarginDistance()
        case .attention: AttentionDistance()
        case .similarity: SimilarityDistance()
        case .relational(let distance, let angle): RelationalDistance(distance: distance, angle: angle)
        }
    }

    /// What it is called in logs.
    var name: String { function.name }

    /// Whether it compares maps element by element, so that the student's must first be given the teacher's shape.
    var needsAdapter: Bool { function.compares == .elements }

    /// Whether it compares maps position by position, so that both must have the same height and width.
    var needsEqualSides: Bool { function.compares != .images }

    /// Its numbers by name, each 0 or more.
    var factors: [(name: String, value: Float)] { function.factors }

    /// The loss of a batch.
    ///
    /// - Parameters:
    ///   - student: [N, H, W, C]; or [N, ...] for a loss that takes any shape.
    ///   - teacher: the same images' map, of the same shape where the loss needs that.
    ///   - weights: of the images, one each, 0 or more; nil for 1.
    /// - Returns: a variable with one element; 0 if all weights are.
    func callAsFunction(_ student: Variable, _ teacher: Tensor, weights: [Float]? = nil) -> Variable {
        let count = student.shape[0]
        require(
            weights.map { $0.count == count && $0.allSatisfy { $0 >= 0 } } ?? true,
            "feature loss: weights \(weights ?? []) for \(count) images, one each, 0 or more expected")
        let shares = ImageShares(weights, count: count)
        let (loss, gradient) = function.loss(student.value, teacher, shares)
        return student.tape.record(.learning("feature loss"), Tensor(loss), from: student) { gradient * $0.scalar }
    }
}

/// What computes a ``FeatureLoss``: a type each.
protocol FeatureFunction: Sendable {
    /// What it is called in logs.
    var name: String { get }
    /// What of the maps it sets beside each other, and so which shapes they may have.
    var compares: ComparedParts { get }
    /// Its numbers by name, each 0 or more; none where not given.
    var factors: [(name: String, value: Float)] { get }

    /// The loss of a batch, and its gradient with respect to the student's map.
    ///
    /// - Parameters:
    ///   - student: [N, H, W, C], or [N, ...] if it compares images.
    ///   - teacher: the same images' map.
    ///   - shares: of the images in the mean.
    func loss(_ student: Tensor, _ teacher: Tensor, _ shares: ImageShares) -> (loss: Float, gradient: Tensor)
}

extension FeatureFunction {
    var factors: [(name: String, value: Float)] { [] }
}

/// What of two maps a loss sets beside each other.
enum ComparedParts {
    /// Elements: maps of one shape.
    case elements
    /// Positions: maps of one height and width.
    case positions
    /// Images of the batch with one another: maps of any shapes.
    case images
}

/// What part each image of a batch has in a mean.
struct ImageShares {
    /// They add up to 1, unless all are 0.
    let values: [Double]
    /// Whether all are alike.
    let areEqual: Bool

    /// - Parameter weights: one an image; nil for 1.
    init(_ weights: [Float]?, count: Int) {
        let total = weights?.reduce(0.0) { $0 + Double($1) } ?? 0
        areEqual = weights == nil
        values =
            weights?.map { total > 0 ? Double($0) / total : 0 }
            ?? [Double](repeating: 1 / Double(max(count, 1)), count: count)
    }

    /// Σ share · Σ of the squares of each image's elements: the first axis counts images.
    func sumOfSquares(_ map: Tensor) -> Float {
        let squares = map * map
        guard !areEqual else { return squares.sum() / Float(max(values.count, 1)) }
        return squares.imagesAsRows.scalingRows(by: values.map { Float($0) }).sum()
    }

    /// Each image's elements times its share and a factor.
    func scaling(_ map: Tensor, by factor: Float) -> Tensor {
        guard !areEqual else { return map * (factor / Float(max(values.count, 1))) }
        return map.scalingRows(by: values.map { Float($0) * factor })
    }
}

/// Half of x², going over into |x| − ½ at 1.
func huber(_ x: Double) -> Double { abs(x) < 1 ? 0.5 * x * x : abs(x) - 0.5 }

/// The slope of ``huber(_:)``.
func huberSlope(_ x: Double) -> Double { min(max(x, -1), 1) }

extension Tensor {
    /// [N, ...] as a matrix [N, product].
    var imagesAsRows: Tensor { reshaped(to: [shape[0], count / Swift.max(shape[0], 1)]) }
}

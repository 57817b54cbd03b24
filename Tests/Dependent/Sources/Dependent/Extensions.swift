import Foundation
import Retort

/// x · sigmoid(1.702 x), the quick form of GELU (Hendrycks and Gimpel, arXiv 1606.08415).
struct QuickGELU: ElementwiseOperation {
    static let name = "dependent.quickGELU"

    func value(at x: Float) -> Float { x / (1 + expf(-1.702 * x)) }

    func slope(at x: Float) -> Float {
        let gate = 1 / (1 + expf(-1.702 * x))
        return gate + 1.702 * x * gate * (1 - gate)
    }
}

/// Leans an image to a side about its middle.
struct Lean: PixelOperation {
    static let name = "lean"
    static let template = Lean(slope: 0)
    static let isGeometric = true

    /// The largest share of the height by which a column rises, either way.
    @Field("slope", within: 0...1, neutral: 0, required: true) var slope: Double

    init(slope: Double) { self.slope = slope }

    mutating func visitFields(_ visit: FieldVisitor) { visit(&_slope) }

    var effects: [PixelEffect]? { [.shears(degrees: atan(slope) * 180 / .pi)] }

    func draw(_ extent: ImageExtent, from stream: inout RandomStream, into view: inout [PixelChange]) {
        let drawn = stream.uniform(in: -slope...slope)
        view.append(.warp(Warp(yx: drawn, y0: -drawn * Double(extent.width) / 2, border: .zero)))
    }
}

/// The mean squared difference of teacher's and student's class probabilities, more of it late in a run.
struct ProbabilityDistance: DistillationTerm {
    let name = "probabilityDistance"

    func weight(in step: DistillationStep) -> Float { 1 + step.context.progress }

    func callAsFunction(_ step: DistillationStep) -> Variable {
        step.student.logits.softmax().meanSquaredError(to: softmax(step.teacher.logits))
    }
}

/// Steps along the sign of a running mean of gradients (Lion, Chen et al., arXiv 2302.06675).
struct Lion: OptimizerRule {
    var weightDecay: Float = 0.01

    func step(
        _ value: inout Tensor, along gradient: Tensor, state: inout [String: Tensor], at step: OptimizerStep
    ) {
        let mean = state["mean"] ?? .zeros(value.shape)
        let direction = (mean * 0.9 + gradient * 0.1).map { $0 == 0 ? 0 : ($0 < 0 ? -1 : 1) }
        state["mean"] = mean * 0.99 + gradient * 0.01
        value = value - (direction + value * step.decay) * step.rate
    }
}

/// Three convolutions with the activation above.
struct Net: Module {
    var stem, down, wide: Conv2D
    var head: Dense

    init(seed: UInt64) {
        var random = Philox(seed: seed, operation: RandomPurpose.initialization)
        stem = Conv2D(1, 8, kernel: 3, using: &random)
        down = Conv2D(8, 16, kernel: 3, stride: 2, using: &random)
        wide = Conv2D(16, 16, kernel: 3, stride: 2, using: &random)
        head = Dense(16, 10, using: &random)
    }

    func callAsFunction(_ input: Variable) -> Variable {
        let early = down(stem(input).applying(QuickGELU())).applying(QuickGELU()).named("early")
        return head(wide(early).applying(QuickGELU()).globalAveragePooled())
    }

    mutating func visitParameters(_ visitor: ParameterVisitor) {
        visitor("stem", &stem)
        visitor("down", &down)
        visitor("wide", &wide)
        visitor("head", &head)
    }
}

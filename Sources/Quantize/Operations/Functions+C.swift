import Autograd
import TensorCore

/// A function of one number that has a form in C. What reads bytes and gives bytes is a table instead.
protocol NumberFunction: ElementwiseOperation, FloatCForm {
    /// The function of x in C.
    var expression: String { get }
}

extension NumberFunction {
    func writeFloats(_ node: FloatNode, to writer: inout CNodeWriter) {
        let function = writer.function("float x", expression)
        writer.call(.apply, [node.operands[0].numbers, node.count, function, node.results])
    }
}

extension NumberFunction where Self: VectorizedOperation {
    var expression: String { function.expression }
}

extension VectorFunction {
    /// The function of x in C.
    fileprivate var expression: String {
        switch self {
        case .exp: "expf(x)"
        case .erf: "erff(x)"
        case .tanh: "tanhf(x)"
        case .sigmoid: "1.0f / (1.0f + expf(-x))"
        case .silu: "x / (1.0f + expf(-x))"
        case .gelu: "0.5f * x * (1.0f + erff(x * 0.70710678f))"
        case .tanhGELU: "0.5f * x * (1.0f + tanhf(0.79788456f * (x + 0.044715f * x * x * x)))"
        case .softplus: "(x > 0.0f ? x : 0.0f) + log1pf(expf(x > 0.0f ? -x : x))"
        case .hardSwish: "x * fminf(fmaxf(x + 3.0f, 0.0f), 6.0f) / 6.0f"
        case .elu(let alpha, let scale):
            "\(CNodeWriter.c(scale)) * (x > 0.0f ? x : \(CNodeWriter.c(alpha)) * expm1f(x))"
        case .leakyReLU(let slope): "x > 0.0f ? x : \(CNodeWriter.c(slope)) * x"
        case .hardSigmoid(let slope, let offset):
            "fminf(fmaxf(\(CNodeWriter.c(slope)) * x + \(CNodeWriter.c(offset)), 0.0f), 1.0f)"
        }
    }
}

extension ELUOperation: NumberFunction {}
extension ErfOperation: NumberFunction {}
extension ExpOperation: NumberFunction {}
extension GELUOperation: NumberFunction {}
extension HardSigmoidOperation: NumberFunction {}
extension HardSwishOperation: NumberFunction {}
extension LeakyReLUOperation: NumberFunction {}
extension SigmoidOperation: NumberFunction {}
extension SiLUOperation: NumberFunction {}
extension SoftplusOperation: NumberFunction {}
extension TanhOperation: NumberFunction {}

extension AbsOperation: NumberFunction { var expression: String { "fabsf(x)" } }
extension LogOperation: NumberFunction { var expression: String { "logf(x)" } }
extension NegateOperation: NumberFunction { var expression: String { "-x" } }
extension OffsetOperation: NumberFunction { var expression: String { "x + \(CNodeWriter.c(term))" } }
extension PowOperation: NumberFunction { var expression: String { "powf(x, \(CNodeWriter.c(exponent)))" } }
extension ReLUOperation: NumberFunction { var expression: String { "x > 0.0f ? x : 0.0f" } }
extension ScaleOperation: NumberFunction { var expression: String { "x * \(CNodeWriter.c(factor))" } }
extension SignOperation: NumberFunction { var expression: String { "x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x" } }
extension SqrtOperation: NumberFunction { var expression: String { "sqrtf(x)" } }

extension ClampOperation: NumberFunction {
    var expression: String {
        let low = lower.map { "x < \(CNodeWriter.c($0)) ? \(CNodeWriter.c($0)) : " } ?? ""
        return low + (upper.map { "x > \(CNodeWriter.c($0)) ? \(CNodeWriter.c($0)) : " } ?? "") + "x"
    }
}

extension RoundOperation: NumberFunction {
    var expression: String {
        switch rule {
        case .nearest: "rintf(x)"
        case .down: "floorf(x)"
        case .up: "ceilf(x)"
        }
    }
}

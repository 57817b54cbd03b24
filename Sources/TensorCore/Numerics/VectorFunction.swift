import CKernels

/// A function of one number that has a vector kernel: its value and its derivative.
///
/// The bits are the same on every instruction set, for one number and for a tensor. Beside the function itself the
/// error, in units of the result's last place: ``exp`` and ``erf`` 1.1, ``sigmoid``, ``tanh``, ``softplus`` 3. Values
/// of ``silu``, ``gelu`` and ``tanhGELU`` are within 2⁻²² · |x|, derivatives within 2⁻²¹ (of ``exp`` 1.1 units). NaN
/// stays NaN.
public enum VectorFunction: Hashable, Sendable {
    /// eˣ.
    case exp
    /// The error function, 2/√π ∫₀ˣ exp(−t²) dt.
    case erf
    /// The hyperbolic tangent.
    case tanh
    /// 1 / (1 + e⁻ˣ).
    case sigmoid
    /// x · sigmoid(x).
    case silu
    /// x/2 · (1 + erf(x/√2)).
    case gelu
    /// x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))).
    case tanhGELU
    /// ln(1 + eˣ).
    case softplus
    /// x · min(max(x + 3, 0), 6) / 6.
    case hardSwish
    /// scale · x for positive numbers, scale · alpha · (eˣ − 1) for others.
    case elu(alpha: Float, scale: Float)
    /// x for positive numbers, slope · x for others.
    case leakyReLU(slope: Float)
    /// slope · x + offset, brought into 0 ... 1.
    case hardSigmoid(slope: Float, offset: Float)

    /// The function of every element.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        let kernel = kernel
        return map1(x) { from, out, count in withUnsafePointer(to: kernel) { rk_apply($0, from, out, count) } }
    }

    /// Upstream times the derivative at every element of x.
    public func gradient(_ upstream: Tensor, at x: Tensor) -> Tensor {
        let kernel = kernel
        return map2("gradient of \(self)", upstream, x) { upstream, x, out, count in
            withUnsafePointer(to: kernel) { rk_apply_gradient($0, upstream, x, out, count) }
        }
    }

    /// The function of a number.
    public func callAsFunction(_ x: Float) -> Float {
        var (kernel, x, y) = (kernel, x, Float.nan)
        rk_apply(&kernel, &x, &y, 1)
        return y
    }

    /// The derivative at a number.
    public func slope(at x: Float) -> Float {
        var (kernel, upstream, x, y) = (kernel, Float(1), x, Float.nan)
        rk_apply_gradient(&kernel, &upstream, &x, &y, 1)
        return y
    }

    private var kernel: rk_function {
        switch self {
        case .exp: rk_function(kind: RK_EXP, a: 0, b: 0)
        case .erf: rk_function(kind: RK_ERF, a: 0, b: 0)
        case .tanh: rk_function(kind: RK_TANH, a: 0, b: 0)
        case .sigmoid: rk_function(kind: RK_SIGMOID, a: 0, b: 0)
        case .silu: rk_function(kind: RK_SILU, a: 0, b: 0)
        case .gelu: rk_function(kind: RK_GELU, a: 0, b: 0)
        case .tanhGELU: rk_function(kind: RK_GELU_TANH, a: 0, b: 0)
        case .softplus: rk_function(kind: RK_SOFTPLUS, a: 0, b: 0)
        case .hardSwish: rk_function(kind: RK_HARD_SWISH, a: 0, b: 0)
        case .elu(let alpha, let scale): rk_function(kind: RK_ELU, a: alpha, b: scale)
        case .leakyReLU(let slope): rk_function(kind: RK_LEAKY_RELU, a: slope, b: 0)
        case .hardSigmoid(let slope, let offset): rk_function(kind: RK_HARD_SIGMOID, a: slope, b: offset)
        }
    }
}

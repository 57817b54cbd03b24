/// 1 / (1 + e⁻ˣ), element by element.
public func sigmoid(_ x: Tensor) -> Tensor { VectorFunction.sigmoid(x) }

/// Upstream · y (1 − y), where y is the output of ``sigmoid(_:)``.
public func sigmoidGradient(_ upstream: Tensor, output: Tensor) -> Tensor {
    map2("sigmoidGradient", upstream, output) { upstream, y, out, count in
        guard let upstream, let y, let out else { return }
        for index in 0..<count { out[index] = upstream[index] * y[index] * (1 - y[index]) }
    }
}

/// The hyperbolic tangent, element by element.
public func tanh(_ x: Tensor) -> Tensor { VectorFunction.tanh(x) }

/// Upstream · (1 − y²), where y is the output of ``tanh(_:)``.
public func tanhGradient(_ upstream: Tensor, output: Tensor) -> Tensor {
    map2("tanhGradient", upstream, output) { upstream, y, out, count in
        guard let upstream, let y, let out else { return }
        for index in 0..<count { out[index] = upstream[index] * (1 - y[index] * y[index]) }
    }
}

/// x for positive numbers, slope · x for others.
///
/// - Parameter slope: broadcast to x.
public func prelu(_ x: Tensor, slope: Tensor) -> Tensor {
    Tensor.broadcasting("prelu", x, slope) { x, slope, out, count in
        guard let x, let slope, let out else { return }
        for index in 0..<count { out[index] = x[index] > 0 ? x[index] : slope[index] * x[index] }
    }
}

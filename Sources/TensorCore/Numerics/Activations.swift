import Foundation

/// 1 / (1 + e⁻ˣ), element by element.
public func sigmoid(_ x: Tensor) -> Tensor {
    map1(x) { from, out, count in
        for index in 0..<count { out[index] = 1 / (1 + expf(-from[index])) }
    }
}

/// Upstream · y (1 − y), where y is the output of ``sigmoid(_:)``.
public func sigmoidGradient(_ upstream: Tensor, output: Tensor) -> Tensor {
    map2("sigmoidGradient", upstream, output) { upstream, y, out, count in
        guard let upstream, let y, let out else { return }
        for index in 0..<count { out[index] = upstream[index] * y[index] * (1 - y[index]) }
    }
}

/// The hyperbolic tangent, element by element.
public func tanh(_ x: Tensor) -> Tensor {
    map1(x) { from, out, count in
        for index in 0..<count { out[index] = tanhf(from[index]) }
    }
}

/// Upstream · (1 − y²), where y is the output of ``tanh(_:)``.
public func tanhGradient(_ upstream: Tensor, output: Tensor) -> Tensor {
    map2("tanhGradient", upstream, output) { upstream, y, out, count in
        guard let upstream, let y, let out else { return }
        for index in 0..<count { out[index] = upstream[index] * (1 - y[index] * y[index]) }
    }
}

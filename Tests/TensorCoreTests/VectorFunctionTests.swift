import Foundation
import TensorCore
import TestSupport
import Testing

// The level holds for the whole process, so tests that walk all levels have a process of their own.
@Suite struct VectorFunctionTests {
    static let functions: [VectorFunction] = [
        .exp, .erf, .tanh, .sigmoid, .silu, .gelu, .tanhGELU, .softplus, .hardSwish, .elu(alpha: 1.3, scale: 0.7),
        .leakyReLU(slope: 0.2), .hardSigmoid(slope: 0.3, offset: 0.4),
    ]

    /// Every 9,973rd number that float32 has, infinities and NaN left out: some 430,000 from the largest to the
    /// smallest, half of them below 1.
    static func numbers() -> Tensor {
        Tensor(stride(from: UInt32(0), through: .max, by: 9973).map { Float(bitPattern: $0) }.filter(\.isFinite))
    }

    private static func sigmoid(_ x: Double) -> Double {
        let share = Foundation.exp(-Swift.abs(x))
        return x < 0 ? share / (1 + share) : 1 / (1 + share)
    }

    /// The largest distance in units of the result's last place. What no float32 holds must be infinite.
    private func units(_ found: Tensor, _ x: Tensor, _ oracle: (Double) -> Double) -> Double {
        zip(found.scalars, x.scalars).reduce(0) { worst, pair in
            let wanted = oracle(Double(pair.1))
            guard Swift.abs(wanted) < Double(Float.greatestFiniteMagnitude) else {
                return pair.0.isInfinite ? worst : .infinity
            }
            let unit = max(Float(wanted).ulp, .leastNonzeroMagnitude)
            let distance = Swift.abs(Double(pair.0) - wanted) / Double(unit)
            return distance <= worst ? worst : distance.isNaN ? .infinity : distance
        }
    }

    @Test("Over all of float32 within the stated units of the last place")
    func lastPlaces() {
        let x = Self.numbers()
        #expect(units(VectorFunction.exp(x), x) { Foundation.exp($0) } <= 1.1)
        #expect(units(VectorFunction.erf(x), x) { Foundation.erf($0) } <= 1.1)
        #expect(units(VectorFunction.tanh(x), x) { Foundation.tanh($0) } <= 3)
        #expect(units(VectorFunction.sigmoid(x), x, Self.sigmoid) <= 3)
        #expect(units(VectorFunction.softplus(x), x) { max($0, 0) + log1p(Foundation.exp(-Swift.abs($0))) } <= 3)
        #expect(units(VectorFunction.exp.gradient(.ones(x.shape), at: x), x) { Foundation.exp($0) } <= 1.1)
    }

    @Test("Around the ends of polynomials and of the exponent every number is tried")
    func ends() {
        func near(_ value: Float) -> Tensor {
            Tensor((-20_000...20_000).map { Float(bitPattern: UInt32(Int(value.bitPattern) + $0)) })
        }
        for value: Float in [0.93, -0.93, 4, -3.9] {
            #expect(units(VectorFunction.erf(near(value)), near(value)) { Foundation.erf($0) } <= 1.1)
        }
        for value: Float in [0.3465736, -0.3465736, 1.0397208, 88.72284, -87.33655, -103.97208, -103.2789, 50, -50] {
            #expect(units(VectorFunction.exp(near(value)), near(value)) { Foundation.exp($0) } <= 1.1)
        }
        for value: Float in [0.17, 0.52, -9, 9.01] {
            #expect(units(VectorFunction.tanh(near(value)), near(value)) { Foundation.tanh($0) } <= 3)
        }
        for value: Float in [-87, -103, -88.7, 17, 0.35] {
            #expect(units(VectorFunction.sigmoid(near(value)), near(value), Self.sigmoid) <= 3)
        }
    }

    @Test("Activations within 2⁻²² · |x|, and derivatives within 2⁻²¹")
    func activations() {
        let x = Self.numbers()
        func values(_ function: VectorFunction, _ oracle: (Double) -> Double) -> Double {
            zip(function(x).scalars, x.scalars).reduce(0) {
                let off = Swift.abs(Double($1.0) - oracle(Double($1.1)))
                return max($0, off == 0 ? 0 : (off - 0x1p-149) / Swift.abs(Double($1.1)))
            }
        }
        func slopes(_ function: VectorFunction, _ oracle: (Double) -> Double) -> Double {
            zip(function.gradient(.ones(x.shape), at: x).scalars, x.scalars).reduce(0) {
                let off = Swift.abs(Double($1.0) - oracle(Double($1.1)))
                return off.isNaN ? .infinity : max($0, off)
            }
        }
        func bell(_ x: Double) -> Double { Foundation.exp(-x * x / 2) / (2 * Double.pi).squareRoot() }
        func share(_ x: Double) -> Double { erfc(-x / 2.0.squareRoot()) / 2 }
        func inner(_ x: Double) -> Double { (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x) }
        func steep(_ x: Double) -> Double { Self.sigmoid(x) * Self.sigmoid(-x) }
        #expect(values(.silu) { $0 * Self.sigmoid($0) } <= 0x1p-22)
        #expect(values(.gelu) { $0 * share($0) } <= 0x1p-22)
        #expect(values(.tanhGELU) { $0 / 2 * (1 + Foundation.tanh(inner($0))) } <= 0x1p-22)
        #expect(slopes(.erf) { 2 / Double.pi.squareRoot() * Foundation.exp(-$0 * $0) } <= 0x1p-21)
        #expect(slopes(.tanh) { 4 * steep(2 * $0) } <= 0x1p-21)
        #expect(slopes(.sigmoid, steep) <= 0x1p-21)
        #expect(slopes(.silu) { Self.sigmoid($0) + $0 * steep($0) } <= 0x1p-21)
        #expect(slopes(.gelu) { share($0) + $0 * bell($0) } <= 0x1p-21)
        #expect(slopes(.softplus, Self.sigmoid) <= 0x1p-21)
        #expect(
            slopes(.tanhGELU) { x in
                let (y, slope) = (max(-40, min(x, 40)), (2 / Double.pi).squareRoot())
                let value = Foundation.tanh(inner(y))
                return (1 + value) / 2 + y / 2 * (1 - value * value) * slope * (1 + 3 * 0.044715 * y * y)
            } <= 0x1p-21)
    }

    @Test("Infinities and NaN")
    func notFinite() {
        let ends = Tensor([-.infinity, .infinity])
        #expect(VectorFunction.exp(ends) == Tensor([0, .infinity]))
        #expect(VectorFunction.erf(ends) == Tensor([-1, 1]))
        #expect(VectorFunction.tanh(ends) == Tensor([-1, 1]))
        #expect(VectorFunction.sigmoid(ends) == Tensor([0, 1]))
        #expect(VectorFunction.softplus(ends) == Tensor([0, .infinity]))
        for function in Self.functions {
            #expect(function(.nan).isNaN && function(Tensor([.nan, 1])).scalars[0].isNaN, "\(function)")
        }
    }

    @Test("The same bits at every level, for a tensor of any length and for a number by itself")
    func levels() async {
        await #expect(processExitsWith: .success) {
            func results(_ x: Tensor) -> [Tensor] {
                Self.functions.flatMap { [$0(x), $0.gradient(x.map { 1 - $0 }, at: x)] }
            }
            let all = Self.numbers()
            let lengths = [0, 1, 7, 8, 9, 15, 16, 17, 31, 33, 100].map { all.slice(axis: 0, 107_000..<107_000 + $0) }
            for x in lengths + [all] {
                SIMDLevel.limit(to: .scalar)
                let expected = results(x)
                for level in SIMDLevel.available {
                    SIMDLevel.limit(to: level)
                    for (place, (found, scalar)) in zip(results(x), expected).enumerated() {
                        let agrees = found.isBitIdentical(to: scalar)
                        #expect(agrees, "\(level), \(x.count) numbers, result \(place)")
                    }
                    let singly =
                        x.count > 100
                        || zip(Self.functions, stride(from: 0, to: expected.count, by: 2))
                            .allSatisfy { function, place in x.map { function($0) }.isBitIdentical(to: expected[place])
                            }
                    #expect(singly, "\(level), one by one")
                }
            }
        }
    }

    @Test("Normalised rows and their gradient: the same bits at every level and for any number of threads")
    func rows() async {
        await #expect(processExitsWith: .success) {
            for columns in [1, 3, 15, 16, 17, 33, 64, 1024, 1041, 2500] {
                var random = Philox(seed: 84)
                let x = Tensor(uniform: [70, columns], in: -5...5, using: &random)
                let g = Tensor(uniform: [70, columns], in: -5...5, using: &random)
                let (scale, shift) = (x[rows: 0..<1].reshaped(to: [columns]), g[rows: 0..<1].reshaped(to: [columns]))
                func results() -> [Tensor] {
                    [true, false].flatMap { centered in
                        let gradients = layerNormGradient(g, x: x, scale: scale, epsilon: 1e-5, centered: centered)
                        return [
                            layerNorm(x, scale: scale, shift: shift, epsilon: 1e-5, centered: centered),
                            layerNorm(x, scale: scale, shift: nil, epsilon: 1e-5, centered: centered),
                            gradients.x, gradients.scale, gradients.shift,
                        ]
                    }
                }
                SIMDLevel.limit(to: .scalar)
                let expected = Parallel.withThreads(1) { results() }
                for level in SIMDLevel.available {
                    SIMDLevel.limit(to: level)
                    for (place, (found, scalar)) in zip(results(), expected).enumerated() {
                        let agrees = found.isBitIdentical(to: scalar)
                        #expect(agrees, "\(level), \(columns) columns, result \(place)")
                    }
                }
            }
        }
    }
}

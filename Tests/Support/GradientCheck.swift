import Autograd
import TensorCore

/// Compares a differentiable operation with an oracle in Double: its value, and its gradients with the oracle's central
/// differences. Also checks that the tape is freed when the pass is over, whether it ran backwards or not.
///
/// The bound, 10⁻⁴ of the largest magnitude (of 1 if all are smaller): a sum of K single-precision products is off by
/// at most K · 2⁻²⁴ of the sum of their magnitudes, 3 · 10⁻⁵ for the K ≤ 500 of these tests, and an operation is one or
/// two such sums. A central difference with step h = 10⁻⁵ adds h² f‴ / 6 and 2⁻⁵³ |f| / h, both below 10⁻⁹: the oracle
/// is exact at this scale.
///
/// - Parameters:
///   - inputs: what the operation takes; each wants a gradient.
///   - random: the tape's stream.
///   - operation: from variables to a variable.
///   - oracle: the same function, written independently.
/// - Returns: what differs, empty if nothing does.
public func gradientComplaints(
    _ inputs: [Tensor], random: Philox = Philox(seed: 0), operation: ([Variable]) -> Variable,
    oracle: ([DoubleArray]) -> DoubleArray
) -> [String] {
    var complaints: [String] = []
    let arrays = inputs.map(DoubleArray.init)
    let expected = oracle(arrays)
    var stream = Philox(seed: 99)
    // A direction in the output's space: the checked scalar is Σ direction · output.
    let direction = Tensor(uniform: expected.shape, in: -1...1, using: &stream)

    func compare(_ name: String, _ found: Tensor?, _ wanted: DoubleArray) {
        let distance = found?.distance(to: wanted) ?? .infinity
        let bound = 1e-4 * max(wanted.magnitude, 1)
        if !(distance <= bound) {
            complaints.append(
                "\(name) of \(inputs.map(\.shape)): off by \(distance), at most \(bound) allowed; "
                    + "shape \(found?.shape ?? []), \(wanted.shape) expected")
        }
    }

    weak var forward: Tape?
    weak var backward: Tape?
    do {
        let tape = Tape(mode: .training, random: random)
        forward = tape
        let slots = inputs.map { tape.bind($0, path: "input", needsGradient: true) }
        _ = operation(slots.compactMap { tape.variable(at: $0) })
    }
    do {
        let tape = Tape(mode: .training, random: random)
        backward = tape
        let slots = inputs.map { tape.bind($0, path: "input", needsGradient: true) }
        let output = operation(slots.compactMap { tape.variable(at: $0) })
        compare("value", output.value, expected)
        let gradients = tape.gradients(of: output.multiplied(byBroadcast: direction).sum())
        for (place, slot) in slots.enumerated() {
            compare("gradient \(place)", gradients[slot], centralDifferences(arrays, place, direction, oracle))
        }
    }
    if forward != nil { complaints.append("the tape lives on after a forward pass") }
    if backward != nil { complaints.append("the tape lives on after a backward pass") }
    return complaints
}

/// (f(x + h) − f(x − h)) / 2h for every element of one input, where f is Σ direction · oracle.
private func centralDifferences(
    _ inputs: [DoubleArray], _ place: Int, _ direction: Tensor, _ oracle: ([DoubleArray]) -> DoubleArray
) -> DoubleArray {
    let weights = direction.scalars.map(Double.init)
    func value(_ element: Int, _ step: Double) -> Double {
        var moved = inputs
        moved[place].values[element] += step
        return zip(weights, oracle(moved).values).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let step = 1e-5
    return DoubleArray(
        inputs[place].values.indices.map { (value($0, step) - value($0, -step)) / (2 * step) },
        shape: inputs[place].shape)
}

import Autograd
import Foundation
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Distill

@Suite struct FeatureLossTests {
    static let all: [FeatureLoss] = [
        .hint, .marginReLU, .attention, .similarity, .relational(), .relational(distance: 1, angle: 0),
        .relational(distance: 0, angle: 1),
    ]

    /// The losses as their documentation defines them, in Double, over images as rows of pixels.
    private enum Oracle {
        typealias Row = [Double]

        /// - Parameter weights: of the images; 1 for all when omitted.
        static func value(
            _ loss: FeatureLoss, _ student: DoubleArray, _ teacher: DoubleArray, _ weights: Row? = nil
        ) -> Double {
            let count = student.shape[0]
            let total = weights?.reduce(0, +) ?? Double(count)
            let shares = (weights ?? Row(repeating: 1, count: count)).map { $0 / total }
            let pairs = shares.flatMap { a in shares.map { a * $0 } }
            // N · share, and so 1 where all are alike.
            func factor(_ element: Int) -> Double {
                shares[element * count / student.values.count] * Double(count)
            }
            switch loss {
            case .hint:
                return student.values.indices.reduce(0) {
                    let difference = student.values[$1] - teacher.values[$1]
                    return $0 + factor($1) * difference * difference
                } / squares(teacher.values)
            case .marginReLU:
                let margins = teacher.columns.map { column in
                    let negative = column.filter { $0 < 0 }
                    return negative.isEmpty ? 0 : negative.reduce(0, +) / Double(negative.count)
                }
                let target = teacher.mapRows { zip($0, margins).map { max($0, $1) } }
                let lost = student.values.indices.reduce(0.0) { sum, element in
                    let (s, t) = (student.values[element], target.values[element])
                    return sum + (t <= 0 && s <= t ? 0 : factor(element) * (s - t) * (s - t))
                }
                return lost / squares(target.values)
            case .attention:
                let (a, b) = (images(student, attention), images(teacher, attention))
                return a.indices.reduce(0) { $0 + shares[$1] * squares(unit(a[$1]), unit(b[$1])) }
            case .similarity:
                func matrix(_ map: DoubleArray) -> [Row] {
                    let rows = images(map) { $0.flatMap { $0 } }
                    return rows.map { a in unit(rows.map { dot(a, $0) }) }
                }
                let (a, b) = (matrix(student), matrix(teacher))
                return zip(zip(a.joined(), b.joined()), pairs).reduce(0) { sum, entry in
                    sum + entry.1 * (entry.0.0 - entry.0.1) * (entry.0.0 - entry.0.1)
                }
            case .relational(let distance, let angle):
                func points(_ map: DoubleArray) -> [Row] {
                    images(map) { pixels in
                        pixels[0].indices.map { k in pixels.reduce(0) { $0 + $1[k] } / Double(pixels.count) }
                    }
                }
                let (a, b) = (points(student), points(teacher))
                return Double(distance) * unlike(distances(a), distances(b), pairs)
                    + Double(angle) * unlike(angles(a), angles(b), shares.flatMap { v in pairs.map { v * $0 } })
            }
        }

        private static func dot(_ a: Row, _ b: Row) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
        private static func squares(_ a: Row, _ b: Row? = nil) -> Double {
            let difference = b.map { zip(a, $0).map { $0 - $1 } } ?? a
            return dot(difference, difference)
        }
        private static func unit(_ a: Row) -> Row {
            let norm = max(squares(a).squareRoot(), 1e-12)
            return a.map { $0 / norm }
        }
        private static func images<R>(_ map: DoubleArray, _ body: ([Row]) -> R) -> [R] {
            let pixels = map.rows
            let count = pixels.count / map.shape[0]
            return (0..<map.shape[0]).map { body(Array(pixels[$0 * count..<($0 + 1) * count])) }
        }
        private static func attention(_ pixels: [Row]) -> Row { pixels.map { squares($0) / Double($0.count) } }
        private static func distances(_ points: [Row]) -> Row {
            let all = points.flatMap { a in points.map { squares(a, $0).squareRoot() } }
            let positive = all.filter { $0 > 0 }
            let mean = positive.isEmpty ? 1 : positive.reduce(0, +) / Double(positive.count)
            return all.map { $0 / mean }
        }
        private static func angles(_ points: [Row]) -> Row {
            points.flatMap { vertex in
                let directions = points.map { unit(zip($0, vertex).map { $0 - $1 }) }
                return directions.flatMap { a in directions.map { dot(a, $0) } }
            }
        }
        private static func unlike(_ a: Row, _ b: Row, _ shares: Row) -> Double {
            a.indices.reduce(0) { sum, place in
                let size = abs(a[place] - b[place])
                return sum + shares[place] * (size < 1 ? 0.5 * size * size : size - 0.5)
            }
        }
    }

    private static func map(_ shape: Shape, seed: UInt64) -> Tensor {
        var random = Philox(seed: seed)
        return Tensor(uniform: shape, in: -1...1, using: &random)
    }

    @Test(
        "Value and gradient against the formulas in Double and central differences; batches of 1, 2 and 5",
        arguments: all)
    func formula(loss: FeatureLoss) {
        for count in [1, 2, 5] {
            for size in [1, 30] as [Float] {
                let student = Self.map([count, 3, 2, 4], seed: 1)
                let teacher = Self.map([count, 3, 2, loss.needsAdapter ? 4 : 6], seed: 2) * size
                let target = DoubleArray(teacher)
                let complaints = gradientComplaints([student]) {
                    loss($0[0], teacher)
                } oracle: {
                    DoubleArray([Oracle.value(loss, $0[0], target)], shape: [])
                }
                #expect(complaints == [], "\(count) images, teacher's map times \(size)")
            }
        }
    }

    @Test("Images count by their weights, 0 for not at all", arguments: all)
    func weights(loss: FeatureLoss) {
        let (student, teacher) = (
            Self.map([4, 3, 2, 4], seed: 1), Self.map([4, 3, 2, loss.needsAdapter ? 4 : 6], seed: 2)
        )
        let target = DoubleArray(teacher)
        for weights in [[1, 1, 1, 1], [2, 0, 0.5, 1], [0, 0, 0, 3]] as [[Double]] {
            let complaints = gradientComplaints([student]) {
                loss($0[0], teacher, weights: weights.map { Float($0) })
            } oracle: {
                DoubleArray([Oracle.value(loss, $0[0], target, weights)], shape: [])
            }
            #expect(complaints == [], "weights \(weights)")
        }
        let tape = Tape(mode: .evaluation)
        #expect(loss(tape.constant(student), teacher, weights: [0, 0, 0, 0]).value.scalar == 0)
    }

    @Test(
        "Equal maps have loss and gradient exactly zero, dead maps too; a dead map of one side is finite",
        arguments: all)
    func equal(loss: FeatureLoss) throws {
        for map in [Self.map([4, 2, 2, 3], seed: 3), .zeros([4, 2, 2, 3])] {
            for other in [map, .zeros([4, 2, 2, 3])] {
                let tape = Tape(mode: .training)
                let slot = tape.bind(map, path: "map", needsGradient: true)
                let value = loss(try #require(tape.variable(at: slot)), other)
                let gradient = try #require(tape.gradients(of: value)[slot])
                #expect(value.value.isFinite && gradient.isFinite)
                guard other == map else { continue }
                #expect(value.value.scalar == 0 && gradient.scalars.allSatisfy { $0 == 0 })
            }
        }
    }

    // Heo et al., section 3.3: no loss for a student that is below a negative target.
    @Test("Margin ReLU by hand: the mean negative response is the target below 0, and to be under it costs nothing")
    func margin() {
        let teacher = Tensor([-1, -3, 4, 2], shape: [4, 1, 1, 1])  // margin −2
        func loss(_ student: [Float]) -> Float {
            FeatureLoss.marginReLU(Tape(mode: .training).constant(Tensor(student, shape: [4, 1, 1, 1])), teacher).value
                .scalar
        }
        // Targets −1, −2, 4, 2: their squares add up to 25.
        #expect(loss([-5, -2, 4, 2]) == 0)
        #expect(abs(loss([0, -2, 3, 2]) - (1 + 1) / 25) < 1e-6)
    }

    @Test("An adapter starts where the best affine map is, with the batch's statistics and the running ones")
    func start() throws {
        var random = Philox(seed: 5)
        let student = Self.map([8, 3, 3, 5], seed: 6) + 0.5
        let weight = Self.map([5, 7], seed: 7)
        let shift = Self.map([7], seed: 8)
        let target = matmul(student.reshaped(to: [72, 5]), weight).addingToRows(shift).reshaped(to: [8, 3, 3, 7])
        var adapter = FeatureAdapter(5, 7, using: &random)
        let fresh = adapter
        try adapter.fit(student, to: target)
        func loss(_ adapter: FeatureAdapter, _ mode: Tape.Mode) -> Float {
            let tape = Tape(mode: mode)
            var bound = adapter
            tape.bind(&bound)
            return FeatureLoss.hint(bound(tape.constant(student)), target).value.scalar
        }
        #expect(loss(fresh, .training) > 0.5)
        #expect(loss(adapter, .training) < 1e-4 && loss(adapter, .evaluation) < 1e-4)

        // A dead channel and one that repeats another have no unique solution; neither stops it or blows it up.
        var poor = student.reshaped(to: [72, 5]).scalars
        for row in 0..<72 {
            poor[row * 5] = 0
            poor[row * 5 + 1] = poor[row * 5 + 2]
        }
        var other = fresh
        try other.fit(Tensor(poor, shape: [8, 3, 3, 5]), to: target)
        #expect(other.tensors.values.allSatisfy { tensor in tensor.scalars.allSatisfy { abs($0) < 10 } })
    }
}

import Autograd
import Datasets
import Layers
import TensorCore
import TestSupport
import Testing

@testable import Distill

@Suite struct HintTests {
    /// The hint's loss as its documentation defines it, in Double, one element after another.
    private struct Oracle {
        let student, teacher: DoubleArray
        let weight, scale, shift: [Double]
        var perturbation = FeaturePerturbation()

        /// Averages square windows of a map [N, H, W, C] down to the given height and width.
        private func pooled(_ map: DoubleArray, _ height: Int, _ width: Int) -> DoubleArray {
            let (n, h, w, c) = (map.shape[0], map.shape[1], map.shape[2], map.shape[3])
            guard h > height || w > width else { return map }
            var out = DoubleArray(zeros: [n, height, width, c])
            for i in map.values.indices {
                let (channel, x, y, image) = (i % c, i / c % w, i / c / w % h, i / c / w / h)
                let place = ((image * height + y * height / h) * width + x * width / w) * c + channel
                out.values[place] += map.values[i] * Double(height * width) / Double(h * w)
            }
            return out
        }

        private func blended(_ map: DoubleArray) -> DoubleArray {
            guard let blend = perturbation.rowBlend else { return map }
            var out = map
            let size = map.values.count / map.shape[0]
            for i in map.values.indices {
                let share = Double(blend.shares[i / size])
                out.values[i] =
                    share * map.values[i] + (1 - share) * map.values[blend.partners[i / size] * size + i % size]
            }
            return out
        }

        private func perturbed(_ original: DoubleArray) -> DoubleArray {
            let map = blended(original)
            let (h, w, c) = (map.shape[1], map.shape[2], map.shape[3])
            var out = map
            for i in map.values.indices {
                let channel = i % c
                out.values[i] = map.values[i - channel + (perturbation.channelPermutation?[channel] ?? channel)]
                if let factor = perturbation.multiplier {
                    let place =
                        factor.count == map.values.count
                        ? i : factor.shape[3] == 1 ? i / c : i / (h * w * c) * c + channel
                    out.values[i] *= Double(factor.scalars[place])
                }
                if let addend = perturbation.addend { out.values[i] += Double(addend.scalars[i]) }
            }
            return out
        }

        var loss: Double {
            let height = min(student.shape[1], teacher.shape[1])
            let width = min(student.shape[2], teacher.shape[2])
            let (map, target) = (pooled(student, height, width), pooled(teacher, height, width))
            let (from, to) = (map.shape[3], target.shape[3])
            var adapted = DoubleArray(zeros: target.shape)
            for i in adapted.values.indices {
                let (pixel, channel) = (i / to, i % to)
                for k in 0..<from { adapted.values[i] += map.values[pixel * from + k] * weight[k * to + channel] }
            }
            let columns = adapted.columns
            for i in adapted.values.indices {
                let column = columns[i % to]
                let mean = column.reduce(0, +) / Double(column.count)
                let variance = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(column.count)
                adapted.values[i] =
                    (adapted.values[i] - mean) / (variance + 1e-5).squareRoot() * scale[i % to] + shift[i % to]
            }
            let (left, right) = (perturbed(adapted), perturbed(target))
            let size = right.values.reduce(0) { $0 + $1 * $1 }
            let squares = zip(left.values, right.values).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            return squares / max(size, 1e-6 * Double(target.values.count))
        }
    }

    private static func tensor(_ shape: Shape, seed: UInt64) -> Tensor {
        var random = Philox(seed: seed)
        return Tensor(uniform: shape, in: -1...1, using: &random)
    }

    /// Cases with short names in the tests' output.
    enum Change: CaseIterable {
        case unchanged, maskAndShuffle, channels, blocks, blend

        var perturbation: FeaturePerturbation? {
            switch self {
            case .unchanged: nil
            case .maskAndShuffle: HintTests.mask
            case .channels: HintTests.channels
            case .blocks: HintTests.blocks
            case .blend: HintTests.blend
            }
        }
    }

    static let mask = FeaturePerturbation(
        multiplier: tensor([2, 2, 2, 1], seed: 5), channelPermutation: [2, 0, 3, 1],
        addend: tensor([2, 2, 2, 4], seed: 6))
    static let channels = FeaturePerturbation(multiplier: tensor([2, 1, 1, 4], seed: 7))
    /// As DropBlock has it: each channel's own places, 0 where dropped, 16 / 10 of the first map and 16 / 14 of the second elsewhere.
    static let blocks = FeaturePerturbation(
        multiplier: Tensor(
            [0, 1.6, 1.6, 0, 0, 1.6, 1.6, 0, 1.6, 1.6, 0, 1.6, 1.6, 1.6, 0, 1.6]
                + [0, 0] + [Float](repeating: 16.0 / 14, count: 14), shape: [2, 2, 2, 4]))
    static let blend = FeaturePerturbation(
        channelPermutation: [1, 0, 2, 3], rowBlend: RowBlend(partners: [1, 1], shares: [0.75, 0.5]))

    @Test(
        "Value and gradients, through the adapter, of equal maps, of a larger student's and of a larger teacher's",
        arguments: [([2, 2], [2, 2]), ([4, 6], [2, 2]), ([2, 2], [4, 2])], Change.allCases)
    func loss(sides: ([Int], [Int]), change kind: Change) throws {
        let perturbation = kind.perturbation
        let map = Self.tensor([2, sides.0[0], sides.0[1], 3], seed: 1)
        let target = Self.tensor([2, sides.1[0], sides.1[1], 4], seed: 2)
        let adapter = Self.adapter
        let hint = Hint("map")
        let change = perturbation.map { change in { (_: Shape) in change } }
        let parts = [adapter.convolution.weight, adapter.normalization.scale, adapter.normalization.shift]
            .map { DoubleArray($0.value).values }
        func oracle(_ map: DoubleArray, _ parts: [[Double]]) -> Double {
            Oracle(
                student: map, teacher: DoubleArray(target), weight: parts[0], scale: parts[1], shift: parts[2],
                perturbation: perturbation ?? FeaturePerturbation()
            ).loss
        }
        let complaints = gradientComplaints([map]) {
            var bound = adapter  // as in training, with the batch's statistics
            $0[0].tape.bind(&bound)
            return hint.loss($0[0], adapter: bound, teacherMap: target, perturbing: change)
        } oracle: {
            DoubleArray([oracle($0[0], parts)], shape: [])
        }
        #expect(complaints == [])

        // The adapter learns too.
        var learning = adapter
        let gradients = valueAndGradients(of: &learning) {
            hint.loss($1.constant(map), adapter: $0, teacherMap: target, perturbing: change)
        }.gradients
        let slots = [
            learning.convolution.weight.slot, learning.normalization.scale.slot, learning.normalization.shift.slot,
        ]
        for (part, slot) in slots.enumerated() {
            let slope = try #require(gradients[slot]).scalars
            for place in slope.indices {
                let difference = [1e-5, -1e-5].map { step in
                    var moved = parts
                    moved[part][place] += step
                    return oracle(DoubleArray(map), moved)
                }
                #expect(abs(Double(slope[place]) - (difference[0] - difference[1]) / 2e-5) < 1e-4)
            }
        }
    }

    private static var adapter: FeatureAdapter {
        var random = Philox(seed: 3)
        var adapter = FeatureAdapter(3, 4, using: &random)
        adapter.normalization.scale.value = tensor([4], seed: 4) + 2
        adapter.normalization.shift.value = tensor([4], seed: 14)
        return adapter
    }

    @Test("A perturbation does the same to a variable and to a tensor, and is drawn for the maps' common shape")
    func perturbed() {
        let map = Self.tensor([2, 2, 2, 4], seed: 8)
        let tape = Tape(mode: .training)
        #expect(tape.constant(map).perturbed(by: Self.mask).value == map.perturbed(by: Self.mask))
        var shapes: [Shape] = []
        _ = Hint("map").loss(
            tape.constant(Self.tensor([2, 4, 4, 3], seed: 1)), adapter: Self.adapter, teacherMap: map,
            perturbing: {
                shapes.append($0)
                return FeaturePerturbation()
            })
        #expect(shapes == [[2, 2, 2, 4]])
    }

    @Test("A teacher's map that is all zero gives a finite loss")
    func deadMap() {
        let loss = Hint("map").loss(
            Tape(mode: .training).constant(Self.tensor([1, 2, 2, 3], seed: 1)), adapter: Self.adapter,
            teacherMap: .zeros([1, 2, 2, 4]), perturbing: nil)
        #expect(loss.value.scalar.isFinite)
    }

    @Test("Hints that cannot be followed are refused before the first step, and the student stays as it was")
    func refusals() throws {
        let odd = ClosureModule { input in
            let map = input.averagePooled(Pool2DGeometry(input: (8, 8, 1), window: (3, 3), stride: (2, 2)))  // 3×3
            let vector = map.named("odd").globalAveragePooled().named("vector")
            return .concatenated([vector, vector, vector], axis: 1)
        }
        func refusal(_ teacher: any Module, _ hints: [Hint]) -> ConfigurationError? {
            var student = TinyNet(seed: 1)
            let error = #expect(throws: ConfigurationError.self) {
                _ = try Distiller(teacher: teacher, hints: hints).fit(
                    &student, on: TinyTask.images(6), plan: .init(steps: 2))
            }
            #expect(student.bits == TinyNet(seed: 1).bits)
            return error
        }
        let teacher = TinyNet(width: 4, seed: 2)
        #expect(
            refusal(teacher, [Hint("late"), Hint(student: "stage9", teacher: "late")])?.path.prefix(2) == ["hints", 1])
        #expect(refusal(teacher, [Hint(student: "stage9", teacher: "late")])?.place == "hints[0].student")
        let stranger = refusal(teacher, [Hint(student: "late", teacher: "stage9", loss: .similarity)])
        #expect(
            stranger?.description
                == "hints[0].teacher: no feature map 'stage9'; the network has early, late")
        #expect(refusal(odd, [Hint(student: "late", teacher: "vector")])?.place == "hints[0].teacher")
        #expect(refusal(odd, [Hint(student: "late", teacher: "vector", loss: .attention)])?.place == "hints[0].teacher")
        for loss in [FeatureLoss.hint, .marginReLU, .attention] {
            let unequal = refusal(odd, [Hint(student: "late", teacher: "odd", loss: loss)])
            #expect(
                unequal?.problem.hasPrefix("maps of 4×4 (student 'late') and 3×3 (teacher 'odd'), of which") == true)
        }
        #expect(refusal(teacher, [Hint("late", weight: -1)])?.place == "hints[0].weight")
        #expect(refusal(teacher, [Hint("late", loss: .relational(angle: .nan))])?.place == "hints[0].angle")
        #expect(refusal(TinyNet(classes: 4, seed: 2), [])?.place == "teacher")
    }
}

import TestSupport
import Testing

@testable import TensorCore

@Suite struct IntegerTensorTests {
    static func randomBytes(_ count: Int, seed: UInt64) -> [UInt8] {
        var random = Philox(seed: seed)
        return (0..<count).map { _ in UInt8(random.index(below: 256)) }
    }

    @Test("Numbers become bytes by ONNX's rule: x / scale to nearest, half to even, zero point, saturated")
    func quantizing() {
        let q = AffineQuantization(scale: 0.5, zeroPoint: 10)
        let x = Tensor([0, 0.25, 0.75, -0.25, -0.75, 1000, -1000, .infinity, -.infinity, .nan, 122.5, 122.75])
        for level in SIMDLevel.available {
            let bytes = x.quantized(q, level: level)
            #expect(bytes.bytes == [10, 10, 12, 10, 8, 255, 0, 255, 0, 0, 255, 255], "\(level)")
            #expect(bytes.dequantized(q, level: level).scalars.prefix(5) == [0, 0, 1, 0, -1], "\(level)")
        }
    }

    @Test("Every level gives the bytes of plain Swift, for lengths around its vectors")
    func levels() {
        var random = Philox(seed: 7)
        let (a, b) = (AffineQuantization(scale: 0.11, zeroPoint: 3), AffineQuantization(scale: 0.07, zeroPoint: 200))
        let output = AffineQuantization(scale: 0.19, zeroPoint: 90)
        func rounded(_ value: Float, relu: Bool = false) -> UInt8 {
            UInt8(min(max((relu ? max(value, 0) : value).rounded(.toNearestOrEven) + 90, 0), 255))
        }
        for count in [1, 7, 15, 16, 17, 63, 64, 65, 200] {
            let (x, y) = (Self.randomBytes(count, seed: 1), Self.randomBytes(count, seed: 2))
            let (xs, ys) = (ByteTensor(x, shape: [count]), ByteTensor(y, shape: [count]))
            let numbers = Tensor(uniform: [count], in: -20...40, using: &random)
            let sums = zip(x, y).map { x, y -> Float in
                let left: Float = Float(Int(x) - 3) * (a.scale / output.scale)
                let right: Float = Float(Int(y) - 200) * (b.scale / output.scale)
                return left + right
            }
            let products = zip(x, y).map {
                Float((Int($0) - 3) * (Int($1) - 200)) * (a.scale * b.scale / output.scale)
            }
            for level in SIMDLevel.available {
                let quantized = numbers.quantized(output, level: level).bytes
                #expect(quantized == numbers.scalars.map { rounded($0 / output.scale) }, "\(level)")
                #expect(
                    xs.dequantized(a, level: level).scalars == x.map { a.scale * Float(Int($0) - 3) }, "\(level)")
                #expect(
                    xs.adding(ys, from: (a, b), to: output, level: level).bytes == sums.map { rounded($0) }, "\(level)")
                #expect(
                    xs.adding(ys, from: (a, b), to: output, relu: true, level: level).bytes
                        == sums.map { rounded($0, relu: true) }, "\(level)")
                #expect(
                    xs.multiplied(by: ys, from: (a, b), to: output, level: level).bytes
                        == products.map { rounded($0) }, "\(level)")
            }
        }
    }

    @Test(
        "A tensor that is repeated along neighbouring axes gives what its copies give, on either side and every level")
    func repeatedRows() {
        let (a, b) = (AffineQuantization(scale: 0.11, zeroPoint: 3), AffineQuantization(scale: 0.07, zeroPoint: 200))
        let output = AffineQuantization(scale: 0.19, zeroPoint: 90)
        let shapes: [(small: Shape, large: Shape)] = [
            ([3, 1, 1, 17], [3, 2, 5, 17]), ([2, 3, 4, 1], [2, 3, 4, 33]), ([1, 3, 5, 4], [2, 3, 5, 4]),
            ([1, 1], [3, 21]), ([2, 1, 3], [2, 0, 3]), ([0, 1, 4], [0, 3, 4]),
        ]
        for (small, large) in shapes {
            let x = ByteTensor(Self.randomBytes(large.elementCount, seed: 1), shape: large)
            let y = ByteTensor(Self.randomBytes(small.elementCount, seed: 2), shape: small)
            let plain = AffineQuantization(scale: 1, zeroPoint: 0)
            let copies = y.dequantized(plain).broadcast(to: large).quantized(plain)
            for level in SIMDLevel.available {
                let sum = x.adding(copies, from: (a, b), to: output, level: level).bytes
                #expect(x.adding(y, from: (a, b), to: output, level: level).bytes == sum, "\(small) \(level)")
                #expect(y.adding(x, from: (b, a), to: output, level: level).bytes == sum, "\(small) \(level)")
                let product = x.multiplied(by: copies, from: (a, b), to: output, level: level).bytes
                #expect(x.multiplied(by: y, from: (a, b), to: output, level: level).bytes == product, "\(small)")
                #expect(y.multiplied(by: x, from: (b, a), to: output, level: level).bytes == product, "\(small)")
            }
        }
        let crossed: [(Shape, Shape)] = [([1, 4, 1], [3, 4, 5]), ([4], [3, 4]), ([2, 1], [3, 4])]
        for (small, large) in crossed { #expect(RepeatedRows(small, large) == nil, "\(small) \(large)") }
    }

    @Test("Pooling of uint8 is pooling of the values that it stands for", arguments: [true, false])
    func pooling(countsPadding: Bool) {
        let geometry = Pool2DGeometry(
            input: (7, 6, 5), window: (3, 2), stride: (2, 1), padding: (1, 1), countsPadding: countsPadding)
        let input = AffineQuantization(scale: 0.1, zeroPoint: 77)
        let output = AffineQuantization(scale: 0.12, zeroPoint: 70)
        let x = ByteTensor(Self.randomBytes(2 * 7 * 6 * 5, seed: 3), shape: [2, 7, 6, 5])
        let numbers = x.dequantized(input)
        let maxima = maxPool2D(numbers, geometry).output
        let means = averagePool2D(numbers, geometry)
        for level in SIMDLevel.available {
            #expect(x.maxPooled(geometry, level: level).dequantized(input) == maxima, "\(level)")
            let bytes = x.averagePooled(geometry, from: input, to: output, level: level)
            let error = (bytes.dequantized(output) - means).scalars.map(abs).max() ?? 1
            #expect(error <= 0.06 + 1e-5, "\(level): half a step is 0.06")
            #expect(bytes.bytes == x.averagePooled(geometry, from: input, to: output, level: .scalar).bytes, "\(level)")
        }
    }

    @Test("A table is the function between the two meanings of a byte")
    func tables() {
        let input = AffineQuantization(scale: 0.1, zeroPoint: 100)
        let output = AffineQuantization(scale: 0.2, zeroPoint: 0)
        let table = input.table(to: output) { max($0, 0) }
        #expect(table[0] == 0 && table[100] == 0 && table[102] == 1 && table[255] == 78)  // 15.5 / 0.2 = 77.5, to even
        let x = ByteTensor([0, 100, 102, 255], shape: [1, 4])
        let joined = ByteTensor.concatenated([x, x.mapped(through: table)], axis: 1)
        #expect(joined.shape == [1, 8] && joined.bytes == [0, 100, 102, 255, 0, 0, 1, 78])
    }

    @Test("A range is covered with its zero on a byte, however lopsided or empty")
    func covering() {
        for range: ClosedRange<Float> in [-1...1, 0...6, -3...0, 2...5, -5 ... -2, 0...0, -1e-30...1e-30, -1e38...1e38]
        {
            let q = AffineQuantization(covering: range)
            let low = min(range.lowerBound, 0)
            let high = max(range.upperBound, 0)
            #expect(Float(0 - Int(q.zeroPoint)) * q.scale <= low + q.scale / 2)
            #expect(Float(255 - Int(q.zeroPoint)) * q.scale >= high - q.scale / 2)
        }
        #expect(AffineQuantization(covering: 0...6).zeroPoint == 0)
        #expect(AffineQuantization(covering: -3...0).zeroPoint == 255)
    }

    @Test("A histogram cuts outliers, whatever the order and size in which values come")
    func histogram() {
        var random = Philox(seed: 5)
        var values = (0..<9_990).map { _ in random.uniform(in: -0.9...1.9) }
        values += (0..<10).map { _ in random.uniform(in: 500...1000) }
        let order = random.permutation(of: values.count)
        let mixed = order.map { values[$0] }
        var whole = Histogram()
        whole.add(Tensor(mixed))
        var parts = Histogram()
        for start in stride(from: 0, to: mixed.count, by: 1000) {
            parts.add(Tensor(Array(mixed[start..<start + 1000])))
        }
        let range = whole.range(cutting: 0.005)
        #expect(range == parts.range(cutting: 0.005))
        // Sorted, 50 elements are cut at each end; bins are 2¹¹ / 2¹³ = 0.25 wide.
        let sorted = values.sorted()
        #expect(abs(range.lowerBound - sorted[50]) <= 0.25 && abs(range.upperBound - sorted[values.count - 51]) <= 0.25)
        #expect(whole.range(cutting: 0).upperBound == sorted[sorted.count - 1])
        #expect(whole.range(cutting: 0).lowerBound == sorted[0])
        #expect(Histogram().range(cutting: 0.1) == 0...0)
        // Only positive values: the range begins at 0.
        var positive = Histogram()
        positive.add(Tensor([3, 4, 5]))
        #expect(positive.range(cutting: 0) == 0...5)
    }
}

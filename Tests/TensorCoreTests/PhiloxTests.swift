import Foundation
import TensorCore
import Testing

@Suite struct PhiloxTests {
    // Known answers of philox4x32-10 from the authors' library, Random123, file tests/kat_vectors.
    @Test("The ten rounds give the published answers")
    func knownAnswers() {
        #expect(
            Philox.block(counter: .zero, key: .zero)
                == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8] as SIMD4<UInt32>)
        #expect(
            Philox.block(counter: .init(repeating: .max), key: .init(repeating: .max))
                == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd] as SIMD4<UInt32>)
        #expect(
            Philox.block(
                counter: [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], key: [0xa409_3822, 0x299f_31d0])
                == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1] as SIMD4<UInt32>)
    }

    @Test("A stream is the blocks of its counter, in order, with the names in the counter's other words")
    func stream() {
        var random = Philox(seed: 0xAABB_CCDD_1122_3344, epoch: 5, sample: 6, operation: 7)
        for block in 0..<3 as Range<UInt32> {
            let expected = Philox.block(counter: [block, 7, 6, 5], key: [0x1122_3344, 0xAABB_CCDD])
            for word in 0..<4 { #expect(random.nextWord() == expected[word]) }
        }
        var again = Philox(seed: 0xAABB_CCDD_1122_3344, epoch: 5, sample: 6, operation: 7)
        let first = again.nextWord()
        let second = again.nextWord()
        var whole = Philox(seed: 0xAABB_CCDD_1122_3344, epoch: 5, sample: 6, operation: 7)
        #expect(whole.next() == UInt64(first) | UInt64(second) << 32)
    }

    @Test("Streams that differ in one name share no draws")
    func distinct() {
        var seen = Set<UInt64>()
        let streams = [
            Philox(seed: 1), Philox(seed: 2), Philox(seed: 1 << 32), Philox(seed: 1, epoch: 1),
            Philox(seed: 1, sample: 1), Philox(seed: 1, operation: 1),
        ]
        for var stream in streams { for _ in 0..<100 { seen.insert(stream.next()) } }
        #expect(seen.count == 600)
    }

    // With n = 20,000 draws the mean of a variable with deviation s lies within 5 s / √n of its expectation in all but
    // one of some 2 million seeds; this seed is fixed, so the test never flickers.
    private let n = 20_000
    private func near(_ values: [Double], mean: Double, deviation: Double) -> Bool {
        abs(values.reduce(0, +) / Double(values.count) - mean) <= 5 * deviation / Double(values.count).squareRoot()
    }

    @Test("Uniform numbers: range, mean 1/2, variance 1/12, and no correlation of neighbours")
    func uniform() {
        var random = Philox(seed: 3)
        let draws = (0..<n).map { _ in Double(random.uniform()) }
        #expect(draws.allSatisfy { $0 >= 0 && $0 < 1 })
        #expect(near(draws, mean: 0.5, deviation: (1 / 12.0).squareRoot()))
        // (u − ½)² has mean 1/12 and variance 1/80 − 1/144 = 1/180.
        #expect(near(draws.map { ($0 - 0.5) * ($0 - 0.5) }, mean: 1 / 12, deviation: (1 / 180.0).squareRoot()))
        let products = zip(draws, draws.dropFirst()).map { ($0 - 0.5) * ($1 - 0.5) }
        #expect(near(products, mean: 0, deviation: 1 / 12))
        #expect((0..<100).allSatisfy { _ in (-2...3).contains(random.uniform(in: -2...3)) })
        #expect(random.uniform(in: 4...4) == 4)
    }

    @Test("Normal numbers: moments 0, 1, 0, 3, and the tails beyond 2 and 3 deviations")
    func normal() {
        var random = Philox(seed: 4)
        let draws = (0..<n).map { _ in Double(random.normal()) }
        #expect(draws.allSatisfy { $0.isFinite })
        #expect(near(draws, mean: 0, deviation: 1))
        // Var z² = 2, Var z³ = 15, Var z⁴ = 96.
        #expect(near(draws.map { pow($0, 2) }, mean: 1, deviation: 2.0.squareRoot()))
        #expect(near(draws.map { pow($0, 3) }, mean: 0, deviation: 15.0.squareRoot()))
        #expect(near(draws.map { pow($0, 4) }, mean: 3, deviation: 96.0.squareRoot()))
        for limit in [2.0, 3.0] {
            let share = erfc(limit / 2.0.squareRoot())
            #expect(
                near(draws.map { abs($0) > limit ? 1 : 0 }, mean: share, deviation: (share * (1 - share)).squareRoot()))
        }
    }

    @Test("Indices are even, and each permutation of three comes equally often")
    func permutations() {
        var random = Philox(seed: 5)
        let draws = (0..<n).map { _ in random.index(below: 7) }
        for value in 0..<7 {
            #expect(near(draws.map { $0 == value ? 1 : 0 }, mean: 1 / 7, deviation: (6 / 49.0).squareRoot()))
        }
        #expect(random.index(below: 1) == 0)
        let orders = (0..<6_000).map { _ in random.permutation(of: 3) }
        #expect(Set(orders).count == 6)
        for order in Set(orders) {
            #expect(near(orders.map { $0 == order ? 1 : 0 }, mean: 1 / 6, deviation: (5 / 36.0).squareRoot()))
        }
        #expect(random.permutation(of: 0) == [] && random.permutation(of: 1) == [0])
        #expect(random.permutation(of: 100).sorted() == Array(0..<100))
    }
}

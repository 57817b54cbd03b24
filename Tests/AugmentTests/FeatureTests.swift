import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("Feature maps")
struct FeatureTests {
    private func multiplier(_ mask: RandomMask, _ shape: Shape, seed: UInt64 = 1) throws -> Tensor {
        var random = Philox(seed: seed, operation: RandomPurpose.features)
        return try #require(FeaturePolicy(mask: mask).draw(shape: shape, using: &random).multiplier)
    }

    @Test("A mask covers the share asked for, for single places and for blocks, at the edges as in the middle")
    func share() throws {
        for blockSize in [1, 3] {
            let mask = try multiplier(RandomMask(share: 0.3, blockSize: blockSize), [400, 8, 6, 5])
            #expect(mask.shape == [400, 8, 6, 1])
            func covered(_ isIncluded: (Int, Int) -> Bool) -> Double {
                var zeros = 0
                var all = 0
                for image in 0..<400 {
                    for row in 0..<8 {
                        for column in 0..<6 where isIncluded(row, column) {
                            zeros += mask[image, row, column, 0] == 0 ? 1 : 0
                            all += 1
                        }
                    }
                }
                return Double(zeros) / Double(all)
            }
            // 1,600 corners: deviation 0.0115; blocks make neighbours alike, but not corners.
            #expect(abs(covered { _, _ in true } - 0.3) < 0.03)
            #expect(abs(covered { ($0 == 0 || $0 == 7) && ($1 == 0 || $1 == 5) } - 0.3) < 0.05)
        }
    }

    @Test("What is left is scaled so that the mean stays; no map is covered wholly")
    func mean() throws {
        let mask = try multiplier(RandomMask(share: 0.9, blockSize: 2), [200, 3, 3, 1])
        for image in 0..<200 {
            let sum = (0..<9).reduce(Float(0)) { $0 + mask[image, $1 / 3, $1 % 3, 0] }
            #expect(abs(sum - 9) < 1e-4)
        }
    }

    @Test("A block larger than the map is the map; a probability leaves that share of maps alone")
    func probability() throws {
        let mask = try multiplier(RandomMask(share: 0.5, blockSize: 3, probability: 0.25), [1000, 5, 5, 1])
        let untouched = (0..<1000).count { image in
            (0..<25).allSatisfy { mask[image, $0 / 5, $0 % 5, 0] == 1 }
        }
        // 750 are left alone by chance of 0.25; of the others few have no block at all.
        #expect((690...830).contains(untouched))
        #expect(try multiplier(RandomMask(share: 0.5, blockSize: 9), [2, 1, 1, 4]).scalars == [1, 1])
    }

    @Test("Channels stay within their groups, each once; uneven groups cover all channels")
    func shuffle() throws {
        var random = Philox(seed: 2)
        let policy = FeaturePolicy(shuffle: ChannelShuffle(groups: 3))
        var seen: Set<[Int]> = []
        for _ in 0..<20 {
            let drawn = policy.draw(shape: [1, 2, 2, 11], using: &random)
            #expect(drawn.multiplier == nil && drawn.addend == nil)
            let permutation = try #require(drawn.channelPermutation)
            #expect(Set(permutation[0..<3]) == [0, 1, 2] && Set(permutation[3..<7]) == Set(3..<7))
            #expect(Set(permutation[7..<11]) == Set(7..<11))
            seen.insert(permutation)
        }
        #expect(seen.count > 10)
        let whole = try #require(ChannelShuffle(groups: 9).draw(channels: 4, using: &random))
        #expect(whole == [0, 1, 2, 3])
        let drawn = (0..<400).count { _ in
            ChannelShuffle(probability: 0.25).draw(channels: 4, using: &random) != nil
        }
        // Deviation 8.7.
        #expect((60...140).contains(drawn))
    }

    @Test("The same stream draws the same perturbation")
    func repeatable() throws {
        let mask = RandomMask(share: 0.3, blockSize: 2)
        #expect(try multiplier(mask, [2, 6, 6, 3]) == multiplier(mask, [2, 6, 6, 3]))
        #expect(try multiplier(mask, [2, 6, 6, 3]) != multiplier(mask, [2, 6, 6, 3], seed: 2))
    }
}

import Datasets
import TensorCore
import Testing

@testable import Augment

@Suite("Feature maps: drops, noise and blends")
struct FeatureOperationTests {
    private func draw(_ policy: FeaturePolicy, _ shape: Shape, seed: UInt64 = 1) -> FeaturePerturbation {
        var random = Philox(seed: seed, operation: RandomPurpose.features)
        return policy.draw(shape: shape, using: &random)
    }

    @Test("Dropped channels are the share asked for, the others scaled; spared maps keep all")
    func channelDrop() throws {
        let drop = ChannelDrop(share: 0.25, probability: 0.5)
        let factors = try #require(draw(FeaturePolicy(channelDrop: drop), [1000, 3, 3, 16]).multiplier)
        #expect(factors.shape == [1000, 1, 1, 16])
        let maps = (0..<1000).map { map in (0..<16).map { factors[map, 0, 0, $0] } }
        // 500, deviation 15.8; a dropping map loses none with a chance of 1 %.
        let dropping = maps.filter { $0 != [Float](repeating: 1, count: 16) }
        #expect(abs(dropping.count - 500) < 80)
        #expect(dropping.joined().allSatisfy { $0 == 0 || abs($0 - 4.0 / 3) < 1e-6 })
        let share = Double(dropping.joined().count { $0 == 0 }) / Double(dropping.count * 16)
        #expect(abs(share - 0.25) < 0.03)
    }

    @Test("DropBlock drops whole blocks inside the map, at the paper's rate, each channel its own; the mean stays")
    func dropBlock() throws {
        let policy = FeaturePolicy(dropBlock: DropBlock(share: 0.1, blockSize: 3))
        let factors = try #require(draw(policy, [200, 9, 8, 4]).multiplier)
        var dropped = 0
        for map in 0..<200 {
            var sum: Float = 0
            for channel in 0..<4 {
                for row in 0..<9 {
                    for column in 0..<8 {
                        let factor = factors[map, row, column, channel]
                        sum += factor
                        guard factor == 0 else { continue }
                        dropped += 1
                        // A zero belongs to a block of nine.
                        let isBlock = (max(row - 2, 0)...min(row, 6)).contains { top in
                            (max(column - 2, 0)...min(column, 5)).contains { left in
                                (0..<9).allSatisfy { factors[map, top + $0 / 3, left + $0 % 3, channel] == 0 }
                            }
                        }
                        #expect(isBlock)
                    }
                }
            }
            #expect(abs(sum - 288) < 0.01)
        }
        // Rate 0.1 · 72 / (9 · 42) = 0.01905 over 42 corners: 0.8 blocks a channel, and overlaps counted once 0.09 or so.
        let share = Double(dropped) / Double(200 * 288)
        #expect(share > 0.075 && share < 0.1)
        #expect((0..<200).contains { factors[$0, 4, 4, 0] != factors[$0, 4, 4, 1] })
    }

    @Test("Noise has the deviation asked for, and none where chance spares a map")
    func noise() throws {
        let noise = FeatureNoise(standardDeviation: 0.5, probability: 0.5)
        let addend = try #require(draw(FeaturePolicy(noise: noise), [100, 10, 10, 4]).addend)
        let maps = (0..<100).map { map in (0..<400).map { addend[map, $0 / 40, $0 / 4 % 10, $0 % 4] } }
        let noisy = maps.filter { $0.contains { $0 != 0 } }
        #expect(abs(noisy.count - 50) < 25)
        let square = noisy.joined().reduce(0) { $0 + Double($1) * Double($1) } / Double(noisy.count * 400)
        #expect(abs(square - 0.25) < 0.02)
    }

    @Test("Manifold MixUp has one share, half at least, partners by permutation, and blends labels alike")
    func mixUp() throws {
        let blend = try #require(draw(FeaturePolicy(mixUp: ManifoldMixUp()), [6, 2, 2, 3]).rowBlend)
        #expect(Set(blend.partners) == Set(0..<6) && Set(blend.shares).count == 1 && blend.shares[0] >= 0.5)
        let targets = blend.targets(
            Tensor((0..<36).map { $0 / 6 == $0 % 6 ? 1 : 0 }, shape: [6, 6]))
        for (row, partner) in blend.partners.enumerated() {
            let expected: Float = partner == row ? 1 : blend.shares[row]
            #expect(abs(targets[row, row] - expected) < 1e-6)
            #expect(abs((0..<6).reduce(0) { $0 + targets[row, $1] } - 1) < 1e-6)
        }
        let spared = (0..<200).count {
            draw(FeaturePolicy(mixUp: ManifoldMixUp(probability: 0.5)), [2, 1, 1, 1], seed: UInt64($0)).rowBlend == nil
        }
        #expect(abs(spared - 100) < 36)
    }

    @Test("Several factors multiply")
    func together() throws {
        let policy = FeaturePolicy(
            mask: RandomMask(share: 0.5), channelDrop: ChannelDrop(share: 0.5),
            dropBlock: DropBlock(share: 0.3, blockSize: 2))
        let factors = try #require(draw(policy, [3, 5, 5, 4]).multiplier)
        var random = Philox(seed: 1, operation: RandomPurpose.features)
        let mask = RandomMask(share: 0.5).draw(batch: 3, height: 5, width: 5, using: &random)
        let channels = ChannelDrop(share: 0.5).draw(batch: 3, channels: 4, using: &random)
        let blocks = DropBlock(share: 0.3, blockSize: 2).draw(shape: [3, 5, 5, 4], using: &random)
        for index in 0..<300 {
            let (map, row, column, channel) = (index / 100, index / 20 % 5, index / 4 % 5, index % 4)
            let expected =
                mask[map, row, column, 0] * channels[map, 0, 0, channel] * blocks[map, row, column, channel]
            #expect(abs(factors[map, row, column, channel] - expected) < 1e-5)
        }
    }
}

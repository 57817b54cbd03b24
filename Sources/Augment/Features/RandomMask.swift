import Foundation
import TensorCore

/// Covers square blocks of a feature map, in all channels alike, and scales what is left so that the mean stays: the
/// spatial form of dropout (Ghiasi et al. 2018, "DropBlock", arXiv 1810.12890).
public struct RandomMask: Sendable, Hashable {
    /// The share of places that is covered on average, in 0 ..< 1.
    public let share: Double
    /// The side of a block, in places of the map; a map that is smaller has blocks of its own size.
    public let blockSize: Int
    /// The probability that a map is masked at all.
    public let probability: Double

    /// Creates a mask.
    public init(share: Double, blockSize: Int = 1, probability: Double = 1) {
        require(
            share >= 0 && share < 1 && blockSize >= 1 && probability >= 0 && probability <= 1,
            "RandomMask: share \(share), block size \(blockSize), probability \(probability) given; 0..<1, 1 or more, "
                + "0…1 expected")
        self.share = share
        self.blockSize = blockSize
        self.probability = probability
    }

    /// Factors [N, H, W, 1]: 0 where covered, elsewhere places / places left. A map that would be covered wholly is
    /// left as it is.
    func draw(batch: Int, height: Int, width: Int, using random: inout Philox) -> Tensor {
        let blockHeight = min(blockSize, height)
        let blockWidth = min(blockSize, width)
        // A place stays if none of the blocks that reach it is set: (1 − rate)^(block area) = 1 − share. Blocks may
        // begin before the first row and column, so this holds at the edges too.
        let rate = 1 - pow(1 - share, 1 / Double(blockHeight * blockWidth))
        return Tensor(shape: [batch, height, width, 1]) { span in
            for image in 0..<batch {
                let map = image * height * width
                for place in 0..<height * width { span[map + place] = 1 }
                let isMasked = Double(random.uniform()) < probability
                for top in 1 - blockHeight..<height {
                    for left in 1 - blockWidth..<width {
                        // Drawn for unmasked maps as well: what one map draws does not depend on another's luck.
                        guard Double(random.uniform()) < rate, isMasked else { continue }
                        for row in max(top, 0)..<min(top + blockHeight, height) {
                            for column in max(left, 0)..<min(left + blockWidth, width) {
                                span[map + row * width + column] = 0
                            }
                        }
                    }
                }
                let left = (0..<height * width).reduce(0) { $0 + (span[map + $1] == 0 ? 0 : 1) }
                let factor = left == 0 ? 1 : Float(height * width) / Float(left)
                for place in 0..<height * width where left == 0 || span[map + place] != 0 {
                    span[map + place] = factor
                }
            }
        }
    }
}

import TensorCore

/// Drops square blocks of a feature map, in each channel its own, and scales what is left so that the mean stays
/// (Ghiasi et al. 2018, "DropBlock: A regularization method for convolutional networks", arXiv 1810.12890, algorithm 1
/// with a mask for each channel).
///
/// As in the paper, blocks lie wholly inside the map and are set at the rate share / b² · H W / ((H − b + 1)(W − b +
/// 1)), which counts overlaps twice: fewer places are dropped than the share says. ``RandomMask`` covers all channels
/// alike, to the exact share.
public struct DropBlock: Sendable, Hashable {
    /// The share of places to drop, the paper's 1 − keep_prob; in 0 ..< 1.
    public let share: Double
    /// The side of a block, in places of the map; a map that is smaller has blocks of its own size. The paper's is 7.
    public let blockSize: Int

    /// Creates a drop.
    public init(share: Double, blockSize: Int) {
        require(
            share >= 0 && share < 1 && blockSize >= 1,
            "DropBlock: share \(share), block size \(blockSize) given; 0..<1, 1 or more expected")
        self.share = share
        self.blockSize = blockSize
    }

    /// Factors [N, H, W, C]: 0 where dropped, elsewhere places / places left of the map, all channels counted. A map
    /// that would be dropped wholly is left as it is.
    func draw(shape: Shape, using random: inout Philox) -> Tensor {
        let (height, width, channels) = (shape[1], shape[2], shape[3])
        let (blockHeight, blockWidth) = (min(blockSize, height), min(blockSize, width))
        let (rows, columns) = (height - blockHeight + 1, width - blockWidth + 1)
        let rate = share * Double(height * width) / Double(blockHeight * blockWidth * rows * columns)
        let size = height * width * channels
        return Tensor(shape: shape) { span in
            for map in 0..<shape[0] {
                let first = map * size
                for place in first..<first + size { span[place] = 1 }
                for channel in 0..<channels {
                    for corner in 0..<rows * columns where Double(random.uniform()) < rate {
                        let (top, left) = (corner / columns, corner % columns)
                        for row in top..<top + blockHeight {
                            for column in left..<left + blockWidth {
                                span[first + (row * width + column) * channels + channel] = 0
                            }
                        }
                    }
                }
                let left = (first..<first + size).reduce(0) { $0 + (span[$1] == 0 ? 0 : 1) }
                let factor = left == 0 ? 1 : Float(size) / Float(left)
                for place in first..<first + size where left == 0 || span[place] != 0 { span[place] = factor }
            }
        }
    }
}

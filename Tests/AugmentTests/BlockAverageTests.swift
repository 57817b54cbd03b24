import CImageKernels
import TensorCore
import Testing

@Suite("Means of blocks of pixels")
struct BlockAverageTests {
    @Test("The mean of every block, rounded half up, for sides, blocks and channels of many kinds, at every level")
    func means() {
        var random = Philox(seed: 5)
        for case let (height, width, channels, rows, columns) in [
            (1, 1, 1, 1, 2), (7, 9, 1, 2, 2), (16, 48, 3, 1, 2), (9, 61, 3, 2, 2), (5, 100, 3, 3, 2), (33, 20, 3, 4, 1),
            (12, 35, 3, 2, 3), (21, 67, 4, 4, 4), (40, 90, 2, 17, 5), (30, 41, 3, 8, 2), (31, 43, 3, 9, 2),
            (70, 80, 3, 70, 80), (6, 300, 5, 1, 299),
        ] {
            let image = (0..<height * width * channels).map { _ in UInt8(random.index(below: 4) * 85) }
            let (high, wide) = ((height + rows - 1) / rows, (width + columns - 1) / columns)
            let expected = (0..<high * wide * channels).map { place -> UInt8 in
                let (top, left) = (place / channels / wide * rows, place / channels % wide * columns)
                let (bottom, right) = (min(top + rows, height), min(left + columns, width))
                var sum = 0
                for row in top..<bottom {
                    for column in left..<right {
                        sum += Int(image[(row * width + column) * channels + place % channels])
                    }
                }
                let count = (bottom - top) * (right - left)
                return UInt8((sum + count / 2) / count)
            }
            for level in [RK_IMAGE_SCALAR, RK_IMAGE_AVX2, RK_IMAGE_AVX512] {
                rk_image_limit(level)
                defer { rk_image_limit(RK_IMAGE_AVX512) }
                // Rows of means lie 3 bytes apart, which must stay what they are.
                let (means, stride) = (wide * channels, wide * channels + 3)
                var sums = [UInt32](repeating: 0, count: width * channels)
                var found = [UInt8](repeating: 7, count: high * stride)
                rk_image_average_blocks(image, height, width, channels, rows, columns, &sums, stride, &found)
                for row in 0..<high {
                    let line = found[row * stride..<(row + 1) * stride]
                    #expect(line.prefix(means).elementsEqual(expected[row * means..<(row + 1) * means]))
                    #expect(line.suffix(3).allSatisfy { $0 == 7 })
                }
            }
        }
    }
}

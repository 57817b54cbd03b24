#include "sampling.h"

void rk_image_add_frame(const uint8_t *image, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                        rk_image_border border, uint8_t *framed) {
    ptrdiff_t row_bytes = width * channels, framed_bytes = (width + 2 * RK_IMAGE_FRAME) * channels;
    uint8_t *inside = framed + RK_IMAGE_FRAME * (framed_bytes + channels);
    for (ptrdiff_t y = 0; y < height; y++) memcpy(inside + y * framed_bytes, image + y * row_bytes, (size_t)row_bytes);
    rk_image_fill_frame(height, width, channels, border, framed);
}

void rk_image_fill_frame(ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, rk_image_border border,
                         uint8_t *framed) {
    ptrdiff_t row_bytes = width * channels, framed_bytes = (width + 2 * RK_IMAGE_FRAME) * channels;
    for (ptrdiff_t y = 0; y < height; y++) {
        uint8_t *row = framed + (y + RK_IMAGE_FRAME) * framed_bytes, *source = row + RK_IMAGE_FRAME * channels;
        for (ptrdiff_t side = 0; side < RK_IMAGE_FRAME; side++) {
            for (ptrdiff_t c = 0; c < channels; c++) {
                row[side * channels + c] = border == RK_IMAGE_ZERO ? 0 : source[c];
                row[framed_bytes - (side + 1) * channels + c] =
                    border == RK_IMAGE_ZERO ? 0 : source[row_bytes - channels + c];
            }
        }
    }
    uint8_t *first = framed + RK_IMAGE_FRAME * framed_bytes, *last = first + (height - 1) * framed_bytes;
    for (ptrdiff_t y = 0; y < RK_IMAGE_FRAME; y++) {
        uint8_t *above = framed + y * framed_bytes, *below = last + (y + 1) * framed_bytes;
        if (border == RK_IMAGE_ZERO) {
            memset(above, 0, (size_t)framed_bytes);
            memset(below, 0, (size_t)framed_bytes);
        } else {
            memcpy(above, first, (size_t)framed_bytes);
            memcpy(below, last, (size_t)framed_bytes);
        }
    }
}

// A coordinate along a row of the map, in 2⁻³² pixel.
RK_BODY int64_t coordinate(int64_t start, int64_t per_column, int64_t per_row, ptrdiff_t row, ptrdiff_t column) {
    // Unsigned, so that an absurd map wraps instead of being undefined.
    return (int64_t)((uint64_t)start + (uint64_t)column * (uint64_t)per_column + (uint64_t)row * (uint64_t)per_row
                     + ((uint64_t)1 << (31 - FRACTION)));
}

// Coordinates from one on, a step apart. In a tile they are counted from the first in 2⁻²⁰ pixel where that fits 32
// bits, off by 2⁻¹⁵ pixel at most and not at all for whole steps, because 64-bit arithmetic takes four times as long.
RK_BODY void walk(int64_t first, int64_t step, ptrdiff_t count, int32_t *whole, int16_t *fraction) {
    if (step < (int64_t)16 << 32 && step > -((int64_t)16 << 32)) {
        uint32_t start = (uint32_t)(first >> 32);
        int32_t part = (int32_t)((uint32_t)first >> 12), small = (int32_t)((step + (1 << 11)) >> 12);
        for (int32_t i = 0; i < (int32_t)count; i++) {
            int32_t t = part + i * small;
            whole[i] = (int32_t)(start + (uint32_t)(t >> 20));
            fraction[i] = (int16_t)((t >> (20 - FRACTION)) & (ONE - 1));
        }
    } else {
        for (ptrdiff_t i = 0; i < count; i++) {
            int64_t t = (int64_t)((uint64_t)first + (uint64_t)i * (uint64_t)step);
            whole[i] = (int32_t)(t >> 32);
            fraction[i] = (int16_t)((t >> (32 - FRACTION)) & (ONE - 1));
        }
    }
}

RK_BODY void warp_body(const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                       rk_image_border border, rk_image_filter filter, const rk_image_map *map, ptrdiff_t out_height,
                       ptrdiff_t out_width, uint8_t *out) {
    source from = {framed, height, width, channels, border, filter};
    places at;
    for (ptrdiff_t row = 0; row < out_height; row++) {
        for (ptrdiff_t start = 0; start < out_width; start += TILE) {
            ptrdiff_t count = out_width - start < TILE ? out_width - start : TILE;
            walk(coordinate(map->x0, map->x_column, map->x_row, row, start), map->x_column, count, at.x, at.fx);
            walk(coordinate(map->y0, map->y_column, map->y_row, row, start), map->y_column, count, at.y, at.fy);
            sample(&from, &at, count, out + (row * out_width + start) * channels);
        }
    }
}
RK_IMAGE_KERNEL(warp,
                (const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, rk_image_border border,
                 rk_image_filter filter, const rk_image_map *map, ptrdiff_t out_height, ptrdiff_t out_width, uint8_t *out),
                (framed, height, width, channels, border, filter, map, out_height, out_width, out))

// Blocks of up to 8 pixels: with all sums times 4, the high half of a signed product of 16 bits, which processors have an
// instruction for, is sum · ⌈2¹⁴/pixels⌉ / 2¹⁴, and that is the quotient while sum · pixels < 2¹⁴.
enum { SMALL = 8 };
typedef int32_t wide_sums __attribute__((vector_size(128)));
typedef int16_t sums_32 __attribute__((vector_size(64)));
typedef int16_t sums_16 __attribute__((vector_size(32)));
typedef uint8_t bytes_16 __attribute__((vector_size(16)));
// The maximum, which changes nothing, keeps compilers from joining the shift with what follows: they would no longer see
// the instruction.
#define HIGH_HALF(a, b)                                                                                              \
    __builtin_elementwise_max(                                                                                       \
        __builtin_convertvector((__builtin_convertvector(a, wide_sums) * __builtin_convertvector(b, wide_sums)) >> 16, \
                                sums_32),                                                                            \
        (sums_32){})

// Pairs of pixels of 3 channels, five at a time: lanes of 32 columns' sums, of which the last two are not used.
RK_BODY ptrdiff_t average_pairs(const int16_t *sums, ptrdiff_t blocks, int16_t half, int16_t inverse, uint8_t *out) {
    ptrdiff_t block = 0;
    sums_32 inverses = (sums_32){} + inverse;
    for (; block + 6 <= blocks; block += 5) {
        sums_32 left;
        memcpy(&left, sums + block * 6, sizeof left);
        sums_32 right = __builtin_shufflevector(left, left, 3, 4, 5, -1, -1, -1, 9, 10, 11, -1, -1, -1, 15, 16, 17, -1, -1,
                                                -1, 21, 22, 23, -1, -1, -1, 27, 28, 29, -1, -1, -1, -1, -1);
        sums_32 sum = (left + right + half) << 2;
        sums_32 mean = HIGH_HALF(sum, inverses);
        sums_16 kept = __builtin_shufflevector(mean, mean, 0, 1, 2, 6, 7, 8, 12, 13, 14, 18, 19, 20, 24, 25, 26, -1);
        bytes_16 bytes = __builtin_convertvector(kept, bytes_16);
        memcpy(out + block * 3, &bytes, sizeof bytes);
    }
    return block;
}

RK_BODY void average_small(const uint8_t *x, ptrdiff_t rows, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t columns,
                           int16_t *sums, uint8_t *out) {
    ptrdiff_t row_bytes = width * channels, blocks = width / columns;
    for (ptrdiff_t i = 0; i < row_bytes; i++) sums[i] = x[i];
    for (ptrdiff_t row = 1; row < rows; row++) {
        for (ptrdiff_t i = 0; i < row_bytes; i++) sums[i] = (int16_t)(sums[i] + x[row * row_bytes + i]);
    }
    int32_t pixels = (int32_t)(rows * columns);
    int16_t inverse = (int16_t)((1 << 14) / pixels + ((1 << 14) % pixels > 0)), half = (int16_t)(pixels / 2);
    ptrdiff_t block = channels == 3 && columns == 2 ? average_pairs(sums, blocks, half, inverse, out) : 0;
    for (; block < blocks; block++) {
        for (ptrdiff_t c = 0; c < channels; c++) {
            int32_t sum = half;
            for (ptrdiff_t i = 0; i < columns; i++) sum += sums[(block * columns + i) * channels + c];
            out[block * channels + c] = (uint8_t)((sum * inverse) >> 14);
        }
    }
}

RK_BODY void average_blocks_body(const uint8_t *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                                 ptrdiff_t block_rows, ptrdiff_t block_columns, uint32_t *sums, ptrdiff_t out_stride,
                                 uint8_t *out) {
    ptrdiff_t row_bytes = width * channels;
    for (ptrdiff_t top = 0; top < height; top += block_rows, out += out_stride) {
        ptrdiff_t rows = height - top < block_rows ? height - top : block_rows;
        const uint8_t *first = x + top * row_bytes;
        ptrdiff_t left = 0;
        if (rows * block_columns > 1 && rows * block_columns <= SMALL) {
            average_small(first, rows, width, channels, block_columns, (int16_t *)sums, out);
            left = width / block_columns * block_columns;
            if (left == width) continue;
        }
        for (ptrdiff_t i = left * channels; i < row_bytes; i++) sums[i] = first[i];
        for (ptrdiff_t row = 1; row < rows; row++) {
            for (ptrdiff_t i = left * channels; i < row_bytes; i++) sums[i] += first[row * row_bytes + i];
        }
        for (uint8_t *mean = out + left / block_columns * channels; left < width; left += block_columns) {
            ptrdiff_t columns = width - left < block_columns ? width - left : block_columns;
            uint64_t pixels = (uint64_t)rows * (uint64_t)columns;
            for (ptrdiff_t c = 0; c < channels; c++) {
                uint64_t sum = pixels / 2;
                for (ptrdiff_t i = left; i < left + columns; i++) sum += sums[i * channels + c];
                *mean++ = (uint8_t)(sum / pixels);
            }
        }
    }
}
RK_IMAGE_KERNEL(average_blocks,
                (const uint8_t *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t block_rows,
                 ptrdiff_t block_columns, uint32_t *sums, ptrdiff_t out_stride, uint8_t *out),
                (x, height, width, channels, block_rows, block_columns, sums, out_stride, out))

void rk_image_mirror(const uint8_t *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, int sideways, int upright,
                     uint8_t *out) {
    ptrdiff_t row_bytes = width * channels;
    for (ptrdiff_t row = 0; row < height; row++) {
        const uint8_t *from = x + (upright ? height - 1 - row : row) * row_bytes;
        uint8_t *to = out + row * row_bytes;
        if (!sideways) {
            memcpy(to, from, (size_t)row_bytes);
        } else if (channels == 3) {
            // Four bytes at a time, of which the next pixel overwrites the last; not where a fourth is not the row's
            // own.
            memcpy(to, from + row_bytes - 3, 3);
            ptrdiff_t i = 1;
            for (; i + 1 < width; i++) memcpy(to + i * 3, from + row_bytes - (i + 1) * 3, 4);
            for (; i < width; i++) memcpy(to + i * 3, from + row_bytes - (i + 1) * 3, 3);
        } else if (channels == 1) {
            for (ptrdiff_t i = 0; i < width; i++) to[i] = from[width - 1 - i];
        } else {
            for (ptrdiff_t i = 0; i < width; i++) {
                for (ptrdiff_t c = 0; c < channels; c++) {
                    to[i * channels + c] = from[row_bytes - (i + 1) * channels + c];
                }
            }
        }
    }
}

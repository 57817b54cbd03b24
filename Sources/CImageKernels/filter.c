#include <string.h>

#include "image_kernel.h"

enum { TILE = 64 };

void rk_image_add_margin(const uint8_t *image, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                         ptrdiff_t margin_rows, ptrdiff_t margin_columns, uint8_t *framed) {
    ptrdiff_t row_bytes = width * channels, framed_bytes = (width + 2 * margin_columns) * channels;
    for (ptrdiff_t y = -margin_rows; y < height + margin_rows; y++) {
        const uint8_t *source = image + (y < 0 ? 0 : y >= height ? height - 1 : y) * row_bytes;
        uint8_t *target = framed + (y + margin_rows) * framed_bytes;
        for (ptrdiff_t side = 0; side < margin_columns; side++) {
            for (ptrdiff_t c = 0; c < channels; c++) {
                target[side * channels + c] = source[c];
                target[framed_bytes - (side + 1) * channels + c] = source[row_bytes - channels + c];
            }
        }
        memcpy(target + margin_columns * channels, source, (size_t)row_bytes);
    }
}

// TILE values of a row; their sums stay in registers while the taps go by.
RK_BODY void convolve_tile(const uint8_t *source, ptrdiff_t row_bytes, ptrdiff_t channels, const rk_image_tap *taps,
                           size_t count, uint8_t *out) {
    int32_t sums[TILE];
    for (int i = 0; i < TILE; i++) sums[i] = 1 << 15;
    for (size_t t = 0; t < count; t++) {
        const uint8_t *p = source + taps[t].row * row_bytes + taps[t].column * channels;
        int32_t weight = taps[t].weight;
        for (int i = 0; i < TILE; i++) sums[i] += weight * p[i];
    }
    for (int i = 0; i < TILE; i++) {
        int32_t value = sums[i] >> 16;
        value = value < 0 ? 0 : value;
        out[i] = (uint8_t)(value > 255 ? 255 : value);
    }
}

RK_BODY void convolve_body(const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                           ptrdiff_t margin_rows, ptrdiff_t margin_columns, const rk_image_tap *taps, size_t count,
                           uint8_t *out) {
    ptrdiff_t row_bytes = (width + 2 * margin_columns) * channels, values = width * channels;
    for (ptrdiff_t row = 0; row < height; row++) {
        const uint8_t *source = framed + (row + margin_rows) * row_bytes + margin_columns * channels;
        for (ptrdiff_t start = 0; start < values; start += TILE) {
            // The last tile of a row reads on into the next rows, or the bytes behind them, and keeps what it needs.
            uint8_t last[TILE];
            ptrdiff_t left = values - start;
            uint8_t *target = left < TILE ? last : out + row * values + start;
            convolve_tile(source + start, row_bytes, channels, taps, count, target);
            if (left < TILE) memcpy(out + row * values + start, last, (size_t)left);
        }
    }
}
RK_IMAGE_KERNEL(convolve,
                (const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t margin_rows,
                 ptrdiff_t margin_columns, const rk_image_tap *taps, size_t count, uint8_t *out),
                (framed, height, width, channels, margin_rows, margin_columns, taps, count, out))

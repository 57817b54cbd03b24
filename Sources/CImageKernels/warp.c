#include <string.h>

#include "image_kernel.h"

void rk_image_add_frame(const uint8_t *image, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                        rk_image_border border, uint8_t *framed) {
    ptrdiff_t row_bytes = width * channels, framed_bytes = (width + 2 * RK_IMAGE_FRAME) * channels;
    for (ptrdiff_t y = -RK_IMAGE_FRAME; y < height + RK_IMAGE_FRAME; y++) {
        uint8_t *target = framed + (y + RK_IMAGE_FRAME) * framed_bytes;
        int outside = y < 0 || y >= height;
        if (border == RK_IMAGE_ZERO && outside) {
            memset(target, 0, (size_t)framed_bytes);
            continue;
        }
        const uint8_t *source = image + (y < 0 ? 0 : y >= height ? height - 1 : y) * row_bytes;
        for (ptrdiff_t side = 0; side < RK_IMAGE_FRAME; side++) {
            for (ptrdiff_t c = 0; c < channels; c++) {
                target[side * channels + c] = border == RK_IMAGE_ZERO ? 0 : source[c];
                target[framed_bytes - (side + 1) * channels + c] =
                    border == RK_IMAGE_ZERO ? 0 : source[row_bytes - channels + c];
            }
        }
        memcpy(target + RK_IMAGE_FRAME * channels, source, (size_t)row_bytes);
    }
}

enum { TILE = 64, FRACTION = 11, ONE = 1 << FRACTION };

// Folds a coordinate into the image as if mirrors stood at its outer edges, where the frame takes over.
RK_BODY int64_t reflected(int64_t x, ptrdiff_t size) {
    int64_t half = (int64_t)1 << 31, period = (int64_t)size << 33;
    int64_t u = (x + half) % period;
    if (u < 0) u += period;
    return (u < period - u ? u : period - u) - half;
}

// The place of a coordinate in the frame. Beyond the frame all taps are alike, so whatever lies there reads its rim.
RK_BODY int32_t cell(int64_t x, ptrdiff_t size) {
    int32_t whole = (int32_t)(x >> 32);
    int32_t low = whole < -RK_IMAGE_FRAME ? -RK_IMAGE_FRAME : whole;
    return low > (int32_t)size ? (int32_t)size : low;
}

RK_BODY uint8_t blended(int32_t a, int32_t b, int32_t c, int32_t d, int32_t fx, int32_t fy) {
    int32_t top = a * ONE + (b - a) * fx, bottom = c * ONE + (d - c) * fx;
    return (uint8_t)((top * ONE + (bottom - top) * fy + (1 << (2 * FRACTION - 1))) >> (2 * FRACTION));
}

// Up to 4 channels: the taps are first laid out side by side, four bytes a pixel at a time, so that the arithmetic runs
// over vectors.
RK_BODY void warp_narrow(const uint8_t *framed, const int32_t *offsets, const int16_t *fx, const int16_t *fy,
                         ptrdiff_t count, ptrdiff_t row_bytes, ptrdiff_t channels, uint8_t *out) {
    uint8_t taps[4][TILE * 4 + 4];
    int16_t along[TILE * 4], down[TILE * 4];
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint8_t *p = framed + offsets[i];
        memcpy(taps[0] + i * channels, p, 4);
        memcpy(taps[1] + i * channels, p + channels, 4);
        memcpy(taps[2] + i * channels, p + row_bytes, 4);
        memcpy(taps[3] + i * channels, p + row_bytes + channels, 4);
    }
    for (ptrdiff_t i = 0; i < count; i++) {
        for (ptrdiff_t c = 0; c < channels; c++) {
            along[i * channels + c] = fx[i];
            down[i * channels + c] = fy[i];
        }
    }
    for (ptrdiff_t v = 0; v < count * channels; v++) {
        out[v] = blended(taps[0][v], taps[1][v], taps[2][v], taps[3][v], along[v], down[v]);
    }
}

// Any number of channels.
RK_BODY void warp_wide(const uint8_t *framed, const int32_t *offsets, const int16_t *fx, const int16_t *fy,
                       ptrdiff_t count, ptrdiff_t row_bytes, ptrdiff_t channels, uint8_t *out) {
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint8_t *p = framed + offsets[i];
        for (ptrdiff_t c = 0; c < channels; c++) {
            const uint8_t *q = p + c;
            out[i * channels + c] = blended(q[0], q[channels], q[row_bytes], q[row_bytes + channels], fx[i], fy[i]);
        }
    }
}

RK_BODY void warp_body(const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                       rk_image_border border, const rk_image_map *map, uint8_t *out) {
    ptrdiff_t framed_width = width + 2 * RK_IMAGE_FRAME, row_bytes = framed_width * channels;
    const int64_t rounding = (int64_t)1 << (31 - FRACTION);
    int32_t offsets[TILE];
    int16_t fx[TILE], fy[TILE];
    for (ptrdiff_t row = 0; row < height; row++) {
        for (ptrdiff_t start = 0; start < width; start += TILE) {
            ptrdiff_t count = width - start < TILE ? width - start : TILE;
            for (ptrdiff_t i = 0; i < count; i++) {
                // Unsigned, so that an absurd map wraps instead of being undefined.
                uint64_t column = (uint64_t)(start + i);
                int64_t x = (int64_t)((uint64_t)map->x0 + column * (uint64_t)map->x_column
                                      + (uint64_t)row * (uint64_t)map->x_row);
                int64_t y = (int64_t)((uint64_t)map->y0 + column * (uint64_t)map->y_column
                                      + (uint64_t)row * (uint64_t)map->y_row);
                if (border == RK_IMAGE_REFLECT) {
                    x = reflected(x, width);
                    y = reflected(y, height);
                }
                x += rounding;
                y += rounding;
                fx[i] = (int16_t)((x >> (32 - FRACTION)) & (ONE - 1));
                fy[i] = (int16_t)((y >> (32 - FRACTION)) & (ONE - 1));
                offsets[i] = ((cell(y, height) + RK_IMAGE_FRAME) * (int32_t)framed_width + cell(x, width)
                              + RK_IMAGE_FRAME) * (int32_t)channels;
            }
            uint8_t *target = out + (row * width + start) * channels;
            switch (channels) {
            case 1: warp_narrow(framed, offsets, fx, fy, count, row_bytes, 1, target); break;
            case 2: warp_narrow(framed, offsets, fx, fy, count, row_bytes, 2, target); break;
            case 3: warp_narrow(framed, offsets, fx, fy, count, row_bytes, 3, target); break;
            case 4: warp_narrow(framed, offsets, fx, fy, count, row_bytes, 4, target); break;
            default: warp_wide(framed, offsets, fx, fy, count, row_bytes, channels, target);
            }
        }
    }
}
RK_IMAGE_KERNEL(warp,
                (const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, rk_image_border border,
                 const rk_image_map *map, uint8_t *out),
                (framed, height, width, channels, border, map, out))

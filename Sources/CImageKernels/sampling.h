// How the resampling kernels read a framed image at a row of places. What differs between them is where a pixel reads.
#ifndef RETORT_SAMPLING_H
#define RETORT_SAMPLING_H

#include <string.h>

#include "image_kernel.h"

enum { TILE = 64, FRACTION = 11, ONE = 1 << FRACTION };

// Where the pixels of a tile read: whole pixels, and 2048ths of one beyond.
typedef struct {
    int32_t x[TILE], y[TILE];
    int16_t fx[TILE], fy[TILE];
} places;

typedef struct {
    const uint8_t *framed;
    ptrdiff_t height, width, channels;
    rk_image_border border;
    rk_image_filter filter;
} source;

// A coordinate as whole pixels and 2048ths, rounded. Coordinates past 2³⁰ are cut to that: nothing but border is there.
RK_BODY void split(double coordinate, int32_t *whole, int16_t *fraction) {
    coordinate = coordinate < -0x1p30 ? -0x1p30 : coordinate;
    coordinate = coordinate > 0x1p30 ? 0x1p30 : coordinate;
    int32_t low = (int32_t)coordinate;
    low -= (double)low > coordinate;
    int32_t part = (int32_t)((coordinate - (double)low) * ONE + 0.5);
    *whole = low + (part >> FRACTION);
    *fraction = (int16_t)(part & (ONE - 1));
}

// Folds coordinates into the image as if mirrors stood at its outer edges, where the frame takes over.
RK_BODY void reflect(int32_t *whole, int16_t *fraction, ptrdiff_t count, ptrdiff_t size) {
    int outside = 0;
    for (ptrdiff_t i = 0; i < count; i++) outside |= (whole[i] < 0) | (whole[i] >= (int32_t)size - 1);
    if (!outside) return;
    int64_t half = ONE / 2, period = (int64_t)size << (FRACTION + 1);
    for (ptrdiff_t i = 0; i < count; i++) {
        int64_t u = ((int64_t)whole[i] * ONE + fraction[i] + half) % period;
        if (u < 0) u += period;
        u = (u < period - u ? u : period - u) - half;
        whole[i] = (int32_t)(u >> FRACTION);
        fraction[i] = (int16_t)(u & (ONE - 1));
    }
}

// The place of a coordinate in the frame. Beyond the frame all taps are alike, so whatever lies there reads its rim.
RK_BODY int32_t cell(int32_t whole, ptrdiff_t size) {
    int32_t low = whole < -RK_IMAGE_FRAME ? -RK_IMAGE_FRAME : whole;
    return low > (int32_t)size ? (int32_t)size : low;
}

// From a towards b by a fraction in 2⁻¹⁵. Values carry 7 bits behind the point, so that any difference fits 16 bits, and
// the product's high half, for which every processor has an instruction, loses one of them: low by 1/64 level at most.
RK_BODY int16_t between(int16_t a, int16_t b, int16_t fraction) {
    return (int16_t)(a + 2 * (int16_t)(((int32_t)(int16_t)(b - a) * fraction) >> 16));
}

// A blend as a byte. What the two blends lost, half of 1/64 each on average, is added to the rounding.
RK_BODY uint8_t rounded(int16_t value) { return (uint8_t)((value + 66) >> 7); }

// Up to 4 channels. A pixel's two taps of a row are neighbours in memory, so one load brings both, into `lanes` bytes a
// pixel; then rows are blended, and after that each value with the one `channels` lanes further.
RK_BODY void blend_narrow(const uint8_t *framed, const int32_t *offsets, const int16_t *fx, const int16_t *fy,
                          ptrdiff_t count, ptrdiff_t row_bytes, ptrdiff_t channels, ptrdiff_t lanes, uint8_t *out) {
    uint8_t top[TILE * 8], bottom[TILE * 8], result[TILE * 8];
    int16_t along[TILE * 8], down[TILE * 8], column[TILE * 8 + 4];
    // Gathers and scatters would be slower.
#pragma clang loop vectorize(disable)
    for (ptrdiff_t i = 0; i < count; i++) {
        memcpy(top + i * lanes, framed + offsets[i], (size_t)lanes);
        memcpy(bottom + i * lanes, framed + offsets[i] + row_bytes, (size_t)lanes);
        for (ptrdiff_t lane = 0; lane < lanes; lane++) {
            along[i * lanes + lane] = (int16_t)(fx[i] * 16);
            down[i * lanes + lane] = (int16_t)(fy[i] * 16);
        }
    }
    for (ptrdiff_t v = 0; v < count * lanes; v++) {
        column[v] = between((int16_t)(top[v] * 128), (int16_t)(bottom[v] * 128), down[v]);
    }
    for (ptrdiff_t v = 0; v < 4; v++) column[count * lanes + v] = 0;
    for (ptrdiff_t v = 0; v < count * lanes; v++) {
        result[v] = rounded(between(column[v], column[v + channels], along[v]));
    }
    if (channels == 3) {
        // Four bytes a pixel; the next pixel overwrites the fourth.
#pragma clang loop vectorize(disable)
        for (ptrdiff_t i = 0; i + 1 < count; i++) memcpy(out + i * 3, result + i * 8, 4);
        memcpy(out + (count - 1) * 3, result + (count - 1) * 8, 3);
    } else {
        for (ptrdiff_t i = 0; i < count; i++) memcpy(out + i * channels, result + i * lanes, (size_t)channels);
    }
}

// Any number of channels.
RK_BODY void blend_wide(const uint8_t *framed, const int32_t *offsets, const int16_t *fx, const int16_t *fy,
                        ptrdiff_t count, ptrdiff_t row_bytes, ptrdiff_t channels, uint8_t *out) {
    for (ptrdiff_t i = 0; i < count; i++) {
        int16_t along = (int16_t)(fx[i] * 16), down = (int16_t)(fy[i] * 16);
        for (ptrdiff_t c = 0; c < channels; c++) {
            const uint8_t *q = framed + offsets[i] + c;
            int16_t left = between((int16_t)(q[0] * 128), (int16_t)(q[row_bytes] * 128), down);
            int16_t right = between((int16_t)(q[channels] * 128), (int16_t)(q[row_bytes + channels] * 128), down);
            out[i * channels + c] = rounded(between(left, right, along));
        }
    }
}

// Writes `count` pixels, up to TILE, read at the given places, which it may change.
RK_BODY void sample(const source *from, places *at, ptrdiff_t count, uint8_t *out) {
    ptrdiff_t channels = from->channels, framed_width = from->width + 2 * RK_IMAGE_FRAME;
    ptrdiff_t row_bytes = framed_width * channels;
    if (from->border == RK_IMAGE_REFLECT) {
        reflect(at->x, at->fx, count, from->width);
        reflect(at->y, at->fy, count, from->height);
    }
    int32_t offsets[TILE];
    int32_t nearest = from->filter == RK_IMAGE_NEAREST ? ONE / 2 : ONE;
    for (ptrdiff_t i = 0; i < count; i++) {
        int32_t x = at->x[i] + (at->fx[i] >= nearest), y = at->y[i] + (at->fy[i] >= nearest);
        offsets[i] = ((cell(y, from->height) + RK_IMAGE_FRAME) * (int32_t)framed_width + cell(x, from->width)
                      + RK_IMAGE_FRAME) * (int32_t)channels;
    }
    if (from->filter == RK_IMAGE_NEAREST) {
        for (ptrdiff_t i = 0; i < count; i++) {
            memcpy(out + i * channels, from->framed + offsets[i], (size_t)channels);
        }
        return;
    }
    switch (channels) {
    case 1: blend_narrow(from->framed, offsets, at->fx, at->fy, count, row_bytes, 1, 2, out); break;
    case 2: blend_narrow(from->framed, offsets, at->fx, at->fy, count, row_bytes, 2, 4, out); break;
    case 3: blend_narrow(from->framed, offsets, at->fx, at->fy, count, row_bytes, 3, 8, out); break;
    case 4: blend_narrow(from->framed, offsets, at->fx, at->fy, count, row_bytes, 4, 8, out); break;
    default: blend_wide(from->framed, offsets, at->fx, at->fy, count, row_bytes, channels, out);
    }
}

#endif

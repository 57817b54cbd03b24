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

// From a towards b by a fraction in 2⁻¹⁵. Values carry 7 bits behind the point, so that any difference fits 16 bits,
// and the product's high half, for which every processor has an instruction, loses one of them: low by 1/64 level at
// most.
RK_BODY int16_t between(int16_t a, int16_t b, int16_t fraction) {
    return (int16_t)(a + 2 * (int16_t)(((int32_t)(int16_t)(b - a) * fraction) >> 16));
}

// What rounds a blend to a byte, half of 2⁷, and what the two blends lost, half of 1/64 each on average.
enum { LOST = 64 + 2 };

// A vector of 16-bit numbers as wide as the widest registers; narrower ones hold it in parts. Half of its lanes are
// kept.
enum { VECTOR = 32, KEPT = 16 };
typedef uint8_t bytes __attribute__((vector_size(VECTOR)));
typedef int16_t numbers __attribute__((vector_size(VECTOR * 2)));
typedef int32_t wide_numbers __attribute__((vector_size(VECTOR * 4)));
typedef int16_t kept_numbers __attribute__((vector_size(KEPT * 2)));
typedef uint8_t kept_bytes __attribute__((vector_size(KEPT)));

// The high halves of products, twice: by an addition that saturates but never has to, because compilers would join a
// plain one with the shift, and then no longer see the processor's instruction for the halves. No function takes
// vectors: narrower levels would pass them in other ways.
#define TWICE_HIGH(a, b)                                                                                             \
    ({                                                                                                               \
        numbers high = __builtin_convertvector((__builtin_convertvector(a, wide_numbers)                             \
                                                * __builtin_convertvector(b, wide_numbers)) >> 16, numbers);         \
        __builtin_elementwise_add_sat(high, high);                                                                   \
    })

// Up to 4 channels. A pixel's two taps of a row are neighbours in memory, so one load brings both, into `lanes` bytes a
// pixel; then rows are blended, and after that each value with the one `channels` lanes further. SPREAD, NEXT and PICK
// are places of lanes: the pixel's fraction for each of its lanes, the tap to the right of each, those of the result;
// -1 is any. The last vector of a tile may have lanes that nothing was loaded into, and nothing comes of them.
#define BLEND(channels, lanes, SPREAD, NEXT, PICK)                                                                   \
    RK_BODY void blend_##channels(const uint8_t *framed, const int32_t *offsets, const int16_t *fx,                  \
                                  const int16_t *fy, ptrdiff_t count, ptrdiff_t row_bytes, uint8_t *out) {           \
        typedef int16_t fractions __attribute__((vector_size(VECTOR / lanes * 2)));                                  \
        uint8_t top[TILE * lanes], bottom[TILE * lanes], result[TILE * channels + KEPT];                             \
        /* Gathers would be slower. */                                                                               \
        _Pragma("clang loop vectorize(disable)")                                                                     \
        for (ptrdiff_t i = 0; i < count; i++) {                                                                      \
            memcpy(top + i * lanes, framed + offsets[i], lanes);                                                     \
            memcpy(bottom + i * lanes, framed + offsets[i] + row_bytes, lanes);                                      \
        }                                                                                                            \
        for (ptrdiff_t i = 0; i < count; i += VECTOR / lanes) {                                                      \
            bytes above, below;                                                                                      \
            fractions along, down;                                                                                   \
            memcpy(&above, top + i * lanes, sizeof above);                                                           \
            memcpy(&below, bottom + i * lanes, sizeof below);                                                        \
            memcpy(&along, fx + i, sizeof along);                                                                    \
            memcpy(&down, fy + i, sizeof down);                                                                      \
            numbers upper = __builtin_convertvector(above, numbers) << 7;                                            \
            numbers lower = __builtin_convertvector(below, numbers) << 7;                                            \
            numbers left = upper + TWICE_HIGH(lower - upper, __builtin_shufflevector(down, down, SPREAD) << 4);          \
            numbers right = __builtin_shufflevector(left, left, NEXT);                                               \
            numbers blend = left + TWICE_HIGH(right - left, __builtin_shufflevector(along, along, SPREAD) << 4);         \
            kept_numbers kept = __builtin_shufflevector(blend, blend, PICK);                                         \
            kept_bytes values = __builtin_convertvector((kept + LOST) >> 7, kept_bytes);                             \
            memcpy(result + i * channels, &values, sizeof values);                                                   \
        }                                                                                                            \
        memcpy(out, result, (size_t)(count * channels));                                                             \
    }
#define TWICE(i) i, i
#define FOUR(i) TWICE(i), TWICE(i)
#define EIGHT(i) FOUR(i), FOUR(i)
#define EACH_2(F) F(0), F(2), F(4), F(6), F(8), F(10), F(12), F(14), F(16), F(18), F(20), F(22), F(24), F(26), F(28), F(30)
#define EACH_4(F) F(0), F(4), F(8), F(12), F(16), F(20), F(24), F(28)
#define EACH_8(F) F(0), F(8), F(16), F(24)
#define SPREAD_2                                                                                                     \
    TWICE(0), TWICE(1), TWICE(2), TWICE(3), TWICE(4), TWICE(5), TWICE(6), TWICE(7), TWICE(8), TWICE(9), TWICE(10),   \
        TWICE(11), TWICE(12), TWICE(13), TWICE(14), TWICE(15)
#define SPREAD_4 FOUR(0), FOUR(1), FOUR(2), FOUR(3), FOUR(4), FOUR(5), FOUR(6), FOUR(7)
#define SPREAD_8 EIGHT(0), EIGHT(1), EIGHT(2), EIGHT(3)
#define NEXT_1(i) i + 1, -1
#define NEXT_2(i) i + 2, i + 3, -1, -1
#define NEXT_3(i) i + 3, i + 4, i + 5, -1, -1, -1, -1, -1
#define NEXT_4(i) i + 4, i + 5, i + 6, i + 7, -1, -1, -1, -1
#define PICK_1(i) i
#define PICK_2(i) i, i + 1
#define PICK_3(i) i, i + 1, i + 2
#define PICK_4(i) i, i + 1, i + 2, i + 3
#define LIST(...) __VA_ARGS__
BLEND(1, 2, LIST(SPREAD_2), LIST(EACH_2(NEXT_1)), LIST(EACH_2(PICK_1)))
BLEND(2, 4, LIST(SPREAD_4), LIST(EACH_4(NEXT_2)), LIST(EACH_4(PICK_2)))
BLEND(3, 8, LIST(SPREAD_8), LIST(EACH_8(NEXT_3)), LIST(EACH_8(PICK_3), -1, -1, -1, -1))
BLEND(4, 8, LIST(SPREAD_8), LIST(EACH_8(NEXT_4)), LIST(EACH_8(PICK_4)))

// Any number of channels.
RK_BODY void blend_wide(const uint8_t *framed, const int32_t *offsets, const int16_t *fx, const int16_t *fy,
                        ptrdiff_t count, ptrdiff_t row_bytes, ptrdiff_t channels, uint8_t *out) {
    for (ptrdiff_t i = 0; i < count; i++) {
        int16_t along = (int16_t)(fx[i] * 16), down = (int16_t)(fy[i] * 16);
        for (ptrdiff_t c = 0; c < channels; c++) {
            const uint8_t *q = framed + offsets[i] + c;
            int16_t left = between((int16_t)(q[0] * 128), (int16_t)(q[row_bytes] * 128), down);
            int16_t right = between((int16_t)(q[channels] * 128), (int16_t)(q[row_bytes + channels] * 128), down);
            out[i * channels + c] = (uint8_t)((between(left, right, along) + LOST) >> 7);
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
    case 1: blend_1(from->framed, offsets, at->fx, at->fy, count, row_bytes, out); break;
    case 2: blend_2(from->framed, offsets, at->fx, at->fy, count, row_bytes, out); break;
    case 3: blend_3(from->framed, offsets, at->fx, at->fy, count, row_bytes, out); break;
    case 4: blend_4(from->framed, offsets, at->fx, at->fy, count, row_bytes, out); break;
    default: blend_wide(from->framed, offsets, at->fx, at->fy, count, row_bytes, channels, out);
    }
}

#endif

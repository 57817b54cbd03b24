#include "integer.h"

#include <string.h>

enum { WIDTH = 64 };

// A row of rk_integer_rows, but a run is a tap, and each channel sums its own byte of the taps times weights[tap,
// channel]. `q` is a copy, which no store of a byte can change.
RK_BODY void plain_row(const rk_integer_rows *p, ptrdiff_t row, rk_requantization q, const float *factors,
                       uint8_t *bytes, float *floats) {
    for (ptrdiff_t pixel = 0; pixel < p->pixels; pixel++) {
        const uint8_t *patch = (const uint8_t *)p->input + row * p->input_row + pixel * p->pixel_stride;
        for (ptrdiff_t first = 0; first < p->channels; first += WIDTH) {
            ptrdiff_t width = p->channels - first < WIDTH ? p->channels - first : WIDTH;
            ptrdiff_t place = row * p->output_row + pixel * p->output_stride + first;
            int32_t sums[WIDTH];
            for (ptrdiff_t c = 0; c < width; c++) sums[c] = p->bias[first + c];
            for (ptrdiff_t s = 0; s < p->segments; s++) {
                const uint8_t *x = patch + p->segment_offsets[s] + first;
                const int8_t *w = (const int8_t *)p->weights + s * p->channels + first;
                for (ptrdiff_t c = 0; c < width; c++) sums[c] += x[c] * w[c];
            }
            float values[WIDTH];
            for (ptrdiff_t c = 0; c < width; c++) values[c] = (float)sums[c] * factors[first + c];
            if (floats) {
                memcpy(floats + place, values, (size_t)width * sizeof(float));
            } else {
                for (ptrdiff_t c = 0; c < width; c++) bytes[place + c] = rk_byte_of(values[c], &q, place + c);
            }
        }
    }
}

// Sixteen channels.
typedef uint8_t bytes16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef int8_t weights16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef int32_t sums16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef float floats16 __attribute__((vector_size(64), aligned(4), may_alias));

#define CHOSEN(mask, yes, no) ((floats16)(((mask) & (sums16)(yes)) | (~(mask) & (sums16)(no))))

// rk_byte_of, sixteen at once.
RK_BODY void store_bytes(const floats16 *products, const rk_requantization *q, ptrdiff_t place, uint8_t *bytes) {
    floats16 value = *products, low = (floats16){0} + q->low, high = (floats16){0} + q->high;
    if (q->residual) {
        sums16 other = __builtin_convertvector(*(const bytes16 *)(q->residual + place), sums16) - q->residual_zero;
        floats16 term = __builtin_convertvector(other, floats16) * q->residual_multiplier;
        value = value + term;
    }
    value = CHOSEN(value > low, value, low);
    value = CHOSEN(value < high, value, high);
    sums16 steps = __builtin_convertvector(__builtin_elementwise_nearbyint(value), sums16) + q->zero;
    *(bytes16 *)(bytes + place) = __builtin_convertvector(steps, bytes16);
}

// `pixels` neighbouring pixels of a row, all channels, of which there are sixteen or more: the last vector may overlap
// the one before.
RK_BODY void depthwise_tile(const rk_integer_rows *p, const uint8_t *patch, ptrdiff_t place, const rk_requantization *q,
                            const float *factors, uint8_t *bytes, float *floats, const int pixels) {
    for (ptrdiff_t c = 0; c < p->channels; c += 16) {
        if (c + 16 > p->channels) c = p->channels - 16;
        sums16 sum[4], bias = *(const sums16 *)(p->bias + c);
        RK_UNROLL for (int i = 0; i < pixels; i++) sum[i] = bias;
        const int8_t *weights = (const int8_t *)p->weights + c;
        for (ptrdiff_t s = 0; s < p->segments; s++, weights += p->channels) {
            sums16 weight = __builtin_convertvector(*(const weights16 *)weights, sums16);
            const uint8_t *x = patch + p->segment_offsets[s] + c;
            RK_UNROLL for (int i = 0; i < pixels; i++) {
                sum[i] += __builtin_convertvector(*(const bytes16 *)(x + i * p->pixel_stride), sums16) * weight;
            }
        }
        floats16 factor = *(const floats16 *)(factors + c);
        RK_UNROLL for (int i = 0; i < pixels; i++) {
            floats16 value = __builtin_convertvector(sum[i], floats16) * factor;
            ptrdiff_t to = place + i * p->output_stride + c;
            if (floats) {
                *(floats16 *)(floats + to) = value;
            } else {
                store_bytes(&value, q, to, bytes);
            }
        }
    }
}

// Rows of fewer than sixteen channels, and those of the scalar level, go channel by channel.
RK_BODY void depthwise(rk_simd_level level, const rk_integer_rows *p, ptrdiff_t row, rk_requantization q,
                       const float *factors, uint8_t *bytes, float *floats) {
    if (level == RK_SIMD_SCALAR || p->channels < 16) {
        plain_row(p, row, q, factors, bytes, floats);
        return;
    }
    const uint8_t *patch = (const uint8_t *)p->input + row * p->input_row;
    ptrdiff_t place = row * p->output_row, pixel = 0;
    for (; pixel + 4 <= p->pixels; pixel += 4, patch += 4 * p->pixel_stride, place += 4 * p->output_stride) {
        depthwise_tile(p, patch, place, &q, factors, bytes, floats, 4);
    }
    for (; pixel < p->pixels; pixel++, patch += p->pixel_stride, place += p->output_stride) {
        depthwise_tile(p, patch, place, &q, factors, bytes, floats, 1);
    }
}

RK_BODY void integer_depthwise_to_bytes_body(rk_simd_level level, const rk_integer_rows *rows,
                                             const rk_requantization *q, uint8_t *output) {
    for (ptrdiff_t row = 0; row < rows->rows; row++) depthwise(level, rows, row, *q, q->multiplier, output, NULL);
}
RK_LEVEL_KERNEL(integer_depthwise_to_bytes,
                (rk_simd_level level, const rk_integer_rows *rows, const rk_requantization *q, uint8_t *output),
                (level, rows, q, output))

RK_BODY void integer_depthwise_to_floats_body(rk_simd_level level, const rk_integer_rows *rows, const float *scale,
                                              float *output) {
    const rk_requantization none = {0};
    for (ptrdiff_t row = 0; row < rows->rows; row++) depthwise(level, rows, row, none, scale, NULL, output);
}
RK_LEVEL_KERNEL(integer_depthwise_to_floats,
                (rk_simd_level level, const rk_integer_rows *rows, const float *scale, float *output),
                (level, rows, scale, output))

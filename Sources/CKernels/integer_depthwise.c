#include "integer.h"

#include <string.h>

enum { WIDTH = 64 };

// A row of rk_integer_rows, but a run is a tap, and each channel sums its own byte of the taps times weights[tap,
// channel]. `q` is a copy, which no store of a byte can change.
RK_BODY void depthwise(const rk_integer_rows *p, ptrdiff_t row, rk_requantization q, const float *factors, uint8_t *bytes,
                       float *floats) {
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

RK_BODY void integer_depthwise_to_bytes_body(rk_simd_level level, const rk_integer_rows *rows,
                                             const rk_requantization *q, uint8_t *output) {
    (void)level;
    for (ptrdiff_t row = 0; row < rows->rows; row++) depthwise(rows, row, *q, q->multiplier, output, NULL);
}
RK_LEVEL_KERNEL(integer_depthwise_to_bytes,
                (rk_simd_level level, const rk_integer_rows *rows, const rk_requantization *q, uint8_t *output),
                (level, rows, q, output))

RK_BODY void integer_depthwise_to_floats_body(rk_simd_level level, const rk_integer_rows *rows, const float *scale,
                                              float *output) {
    (void)level;
    const rk_requantization none = {0};
    for (ptrdiff_t row = 0; row < rows->rows; row++) depthwise(rows, row, none, scale, NULL, output);
}
RK_LEVEL_KERNEL(integer_depthwise_to_floats,
                (rk_simd_level level, const rk_integer_rows *rows, const float *scale, float *output),
                (level, rows, scale, output))

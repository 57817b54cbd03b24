#include "integer.h"

enum { WIDTH = 64 };

// As rk_integer_rows, but a run is a tap, and each channel sums its own byte of the taps times weights[tap, channel].
RK_BODY void depthwise(const rk_integer_rows *p, const rk_requantization *q, const float *scale, uint8_t *bytes,
                       float *floats) {
    for (ptrdiff_t pixel = 0; pixel < p->pixels; pixel++) {
        const uint8_t *patch = p->input + pixel * p->pixel_stride;
        for (ptrdiff_t first = 0; first < p->channels; first += WIDTH) {
            ptrdiff_t width = p->channels - first < WIDTH ? p->channels - first : WIDTH;
            ptrdiff_t place = pixel * p->output_stride + first;
            int32_t sums[WIDTH];
            for (ptrdiff_t c = 0; c < width; c++) sums[c] = p->bias[first + c];
            for (ptrdiff_t s = 0; s < p->segments; s++) {
                const uint8_t *x = patch + p->segment_offsets[s] + first;
                const int8_t *w = p->weights + s * p->channels + first;
                for (ptrdiff_t c = 0; c < width; c++) sums[c] += x[c] * w[c];
            }
            if (floats) {
                for (ptrdiff_t c = 0; c < width; c++) floats[place + c] = (float)sums[c] * scale[first + c];
                continue;
            }
            float values[WIDTH];
            for (ptrdiff_t c = 0; c < width; c++) values[c] = (float)sums[c] * q->multiplier[first + c];
            if (q->residual) {
                for (ptrdiff_t c = 0; c < width; c++) {
                    float other = (float)(q->residual[place + c] - q->residual_zero) * q->residual_multiplier;
                    values[c] = values[c] + other;
                }
            }
            for (ptrdiff_t c = 0; c < width; c++) {
                bytes[place + c] = rk_requantized(values[c], q->low, q->high, q->zero);
            }
        }
    }
}

RK_BODY void integer_depthwise_to_bytes_body(rk_simd_level level, const rk_integer_rows *rows,
                                             const rk_requantization *q, uint8_t *output) {
    (void)level;
    for (ptrdiff_t row = 0; row < rows->rows; row++) {
        rk_integer_rows one = rk_row(rows, row);
        rk_requantization own = rk_requantization_of_row(q, rows, row);
        depthwise(&one, &own, NULL, output + row * rows->output_row, NULL);
    }
}
RK_LEVEL_KERNEL(integer_depthwise_to_bytes,
                (rk_simd_level level, const rk_integer_rows *rows, const rk_requantization *q, uint8_t *output),
                (level, rows, q, output))

RK_BODY void integer_depthwise_to_floats_body(rk_simd_level level, const rk_integer_rows *rows, const float *scale,
                                              float *output) {
    (void)level;
    for (ptrdiff_t row = 0; row < rows->rows; row++) {
        rk_integer_rows one = rk_row(rows, row);
        depthwise(&one, NULL, scale, NULL, output + row * rows->output_row);
    }
}
RK_LEVEL_KERNEL(integer_depthwise_to_floats,
                (rk_simd_level level, const rk_integer_rows *rows, const float *scale, float *output),
                (level, rows, scale, output))

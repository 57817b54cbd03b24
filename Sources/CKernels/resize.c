#include "kernel.h"

// Values of a row of the result that are summed together.
#define CHUNK 64

// Each product is rounded before it is added, so that no processor has other bits. Vectors hold the same place of many
// rows, then many places of one row; wider ones than every processor has gain nothing.
void rk_resize_bytes(const uint8_t *image, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                     const rk_axis_taps *columns, const rk_axis_taps *rows, float *workspace, uint8_t *output) {
#pragma STDC FP_CONTRACT OFF
    ptrdiff_t length = width * channels, narrow = columns->count * channels;
    float *narrowed = workspace, *block = workspace + height * narrow;
    for (ptrdiff_t first = 0; first < height; first += RK_RESIZE_ROWS) {
        ptrdiff_t present = height - first < RK_RESIZE_ROWS ? height - first : RK_RESIZE_ROWS;
        const uint8_t *from[RK_RESIZE_ROWS];
        // Where there are fewer rows, the last is computed again.
        for (ptrdiff_t r = 0; r < RK_RESIZE_ROWS; r++) {
            from[r] = image + (first + (r < present ? r : present - 1)) * length;
        }
        for (ptrdiff_t x = 0; x < length; x++) {
            for (ptrdiff_t r = 0; r < RK_RESIZE_ROWS; r++) block[x * RK_RESIZE_ROWS + r] = from[r][x];
        }
        for (ptrdiff_t column = 0; column < columns->count; column++) {
            for (ptrdiff_t channel = 0; channel < channels; channel++) {
                float sums[RK_RESIZE_ROWS] = {0};
                for (ptrdiff_t tap = columns->starts[column]; tap < columns->starts[column + 1]; tap++) {
                    float weight = columns->weights[tap];
                    const float *x = block + (columns->places[tap] * channels + channel) * RK_RESIZE_ROWS;
                    for (ptrdiff_t r = 0; r < RK_RESIZE_ROWS; r++) sums[r] += weight * x[r];
                }
                float *to = narrowed + first * narrow + column * channels + channel;
                for (ptrdiff_t r = 0; r < present; r++) to[r * narrow] = sums[r];
            }
        }
    }
    for (ptrdiff_t row = 0; row < rows->count; row++) {
        for (ptrdiff_t start = 0; start < narrow; start += CHUNK) {
            ptrdiff_t count = narrow - start < CHUNK ? narrow - start : CHUNK;
            float sums[CHUNK] = {0};
            for (ptrdiff_t tap = rows->starts[row]; tap < rows->starts[row + 1]; tap++) {
                float weight = rows->weights[tap];
                const float *x = narrowed + rows->places[tap] * narrow + start;
                for (ptrdiff_t i = 0; i < count; i++) sums[i] += weight * x[i];
            }
            uint8_t *to = output + row * narrow + start;
            for (ptrdiff_t i = 0; i < count; i++) {
                float value = sums[i] + 0.5f;
                to[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
            }
        }
    }
}

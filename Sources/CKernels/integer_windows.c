#include "integer.h"
#include "window.h"

#include <string.h>

// Bytes as operands, and one byte as many.
RK_BODY void copy_operands(ptrdiff_t operand_size, const uint8_t *from, ptrdiff_t count, char *to) {
    if (operand_size == 1) {
        memcpy(to, from, (size_t)count);
    } else {
        int16_t *restrict numbers = (int16_t *)to;
        for (ptrdiff_t i = 0; i < count; i++) numbers[i] = from[i];
    }
}
RK_BODY void fill_operands(ptrdiff_t operand_size, uint8_t value, ptrdiff_t count, char *to) {
    if (operand_size == 1) {
        memset(to, value, (size_t)count);
    } else {
        int16_t *numbers = (int16_t *)to;
        for (ptrdiff_t i = 0; i < count; i++) numbers[i] = value;
    }
}

RK_BODY void integer_window_body(rk_simd_level level, ptrdiff_t operand_size, const rk_integer_image *image,
                                 ptrdiff_t first, ptrdiff_t rows, void *window) {
    (void)level;
    ptrdiff_t inside = image->width * image->channels, left = image->left * image->channels;
    ptrdiff_t right = image->right * image->channels;
    char *to = window;
    for (ptrdiff_t y = first; y < first + rows; y++, to += (left + inside + right) * operand_size) {
        if (y < 0 || y >= image->height) {
            fill_operands(operand_size, image->outside, left + inside + right, to);
            continue;
        }
        fill_operands(operand_size, image->outside, left, to);
        copy_operands(operand_size, image->bytes + y * inside, inside, to + left * operand_size);
        fill_operands(operand_size, image->outside, right, to + (left + inside) * operand_size);
    }
}
RK_LEVEL_KERNEL(integer_window,
                (rk_simd_level level, ptrdiff_t operand_size, const rk_integer_image *image, ptrdiff_t first, ptrdiff_t rows,
                 void *window),
                (level, operand_size, image, first, rows, window))

// Channels that are compared together.
typedef uint8_t bytes16 __attribute__((vector_size(16), aligned(1), may_alias));

// The greatest of each channel in a window of pixels that are inside the image, `down` and `across` bytes apart.
RK_BODY void window_maximum(const uint8_t *first, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t down, ptrdiff_t across,
                            ptrdiff_t channels, uint8_t *output) {
    ptrdiff_t c = 0;
    for (; c + 16 <= channels; c += 16) {
        bytes16 most = *(const bytes16 *)(first + c);
        for (ptrdiff_t y = 0; y < rows; y++) {
            for (ptrdiff_t x = 0; x < columns; x++) {
                bytes16 pixel = *(const bytes16 *)(first + y * down + x * across + c);
                most = __builtin_elementwise_max(most, pixel);
            }
        }
        *(bytes16 *)(output + c) = most;
    }
    for (; c < channels; c++) {
        uint8_t most = 0;
        for (ptrdiff_t y = 0; y < rows; y++) {
            for (ptrdiff_t x = 0; x < columns; x++) {
                uint8_t pixel = first[y * down + x * across + c];
                most = pixel > most ? pixel : most;
            }
        }
        output[c] = most;
    }
}

RK_BODY void integer_max_pool_body(rk_simd_level level, const uint8_t *image, const rk_patch_geometry *g,
                                   uint8_t *output) {
    (void)level;
    ptrdiff_t channels = g->channels, row = g->input_width * channels;
    ptrdiff_t down = g->dilation_height * row, across = g->dilation_width * channels;
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        rk_window_axis y = rk_window_rows(g, oy);
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, output += channels) {
            rk_window_axis x = rk_window_columns(g, ox);
            const uint8_t *first = image + y.first * row + x.first * channels;
            if (y.count == 2 && x.count == 2) {
                window_maximum(first, 2, 2, down, across, channels, output);
            } else {
                window_maximum(first, y.count, x.count, down, across, channels, output);
            }
        }
    }
}
RK_LEVEL_KERNEL(integer_max_pool,
                (rk_simd_level level, const uint8_t *image, const rk_patch_geometry *geometry, uint8_t *output),
                (level, image, geometry, output))

RK_BODY void integer_average_pool_body(rk_simd_level level, const uint8_t *image, const rk_patch_geometry *g,
                                       int counts_padding, int32_t input_zero, float multiplier, int32_t zero,
                                       int32_t *restrict sums, uint8_t *output) {
    (void)level;
    ptrdiff_t channels = g->channels;
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        rk_window_axis y = rk_window_rows(g, oy);
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, output += channels) {
            rk_window_axis x = rk_window_columns(g, ox);
            int32_t pixels = (int32_t)(y.count * x.count);
            memset(sums, 0, (size_t)channels * sizeof *sums);
            for (ptrdiff_t row = 0; row < y.count; row++) {
                const uint8_t *pixel =
                    image + ((y.first + row * g->dilation_height) * g->input_width + x.first) * channels;
                for (ptrdiff_t column = 0; column < x.count; column++, pixel += g->dilation_width * channels) {
                    const uint8_t *restrict bytes = pixel;
                    for (ptrdiff_t c = 0; c < channels; c++) sums[c] += bytes[c];
                }
            }
            // Padding stands for 0, which is input_zero and adds nothing.
            float factor = multiplier / (float)(counts_padding ? y.counted * x.counted : y.count * x.count);
            for (ptrdiff_t c = 0; c < channels; c++) {
                float value = (float)(sums[c] - pixels * input_zero) * factor;
                output[c] = rk_requantized(value, (float)-zero, (float)(255 - zero), zero);
            }
        }
    }
}
RK_LEVEL_KERNEL(integer_average_pool,
                (rk_simd_level level, const uint8_t *image, const rk_patch_geometry *geometry, int counts_padding,
                 int32_t input_zero, float multiplier, int32_t zero, int32_t *sums, uint8_t *output),
                (level, image, geometry, counts_padding, input_zero, multiplier, zero, sums, output))

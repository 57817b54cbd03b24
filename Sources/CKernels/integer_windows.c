#include "integer.h"

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
    ptrdiff_t inside = image->width * image->channels, side = image->border * image->channels;
    char *to = window;
    for (ptrdiff_t y = first; y < first + rows; y++, to += (inside + 2 * side) * operand_size) {
        if (y < 0 || y >= image->height) {
            fill_operands(operand_size, image->outside, inside + 2 * side, to);
            continue;
        }
        fill_operands(operand_size, image->outside, side, to);
        copy_operands(operand_size, image->bytes + y * inside, inside, to + side * operand_size);
        fill_operands(operand_size, image->outside, side, to + (side + inside) * operand_size);
    }
}
RK_LEVEL_KERNEL(integer_window,
                (rk_simd_level level, ptrdiff_t operand_size, const rk_integer_image *image, ptrdiff_t first, ptrdiff_t rows,
                 void *window),
                (level, operand_size, image, first, rows, window))

// Channels that are compared together.
typedef uint8_t bytes16 __attribute__((vector_size(16), aligned(1), may_alias));

// The greatest of each channel in a window of pixels that are inside the image.
RK_BODY void window_maximum(const uint8_t *first, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t row, ptrdiff_t channels,
                            uint8_t *output) {
    ptrdiff_t c = 0;
    for (; c + 16 <= channels; c += 16) {
        bytes16 most = *(const bytes16 *)(first + c);
        for (ptrdiff_t y = 0; y < rows; y++) {
            for (ptrdiff_t x = 0; x < columns; x++) {
                bytes16 pixel = *(const bytes16 *)(first + y * row + x * channels + c);
                most = __builtin_elementwise_max(most, pixel);
            }
        }
        *(bytes16 *)(output + c) = most;
    }
    for (; c < channels; c++) {
        uint8_t most = 0;
        for (ptrdiff_t y = 0; y < rows; y++) {
            for (ptrdiff_t x = 0; x < columns; x++) {
                uint8_t pixel = first[y * row + x * channels + c];
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
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        ptrdiff_t top = oy * g->stride_height - g->padding_height, bottom = top + g->kernel_height;
        top = top > 0 ? top : 0;
        bottom = bottom < g->input_height ? bottom : g->input_height;
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, output += channels) {
            ptrdiff_t left = ox * g->stride_width - g->padding_width, right = left + g->kernel_width;
            left = left > 0 ? left : 0;
            right = right < g->input_width ? right : g->input_width;
            const uint8_t *first = image + top * row + left * channels;
            if (bottom - top == 2 && right - left == 2) {
                window_maximum(first, 2, 2, row, channels, output);
            } else {
                window_maximum(first, bottom - top, right - left, row, channels, output);
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
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, output += channels) {
            ptrdiff_t y0 = oy * g->stride_height - g->padding_height, x0 = ox * g->stride_width - g->padding_width;
            int32_t pixels = 0;
            memset(sums, 0, (size_t)channels * sizeof *sums);
            for (ptrdiff_t y = y0 > 0 ? y0 : 0; y < y0 + g->kernel_height && y < g->input_height; y++) {
                for (ptrdiff_t x = x0 > 0 ? x0 : 0; x < x0 + g->kernel_width && x < g->input_width; x++, pixels++) {
                    const uint8_t *restrict pixel = image + (y * g->input_width + x) * channels;
                    for (ptrdiff_t c = 0; c < channels; c++) sums[c] += pixel[c];
                }
            }
            // Padding stands for 0, which is input_zero and adds nothing.
            float factor = multiplier / (float)(counts_padding ? g->kernel_height * g->kernel_width : pixels);
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

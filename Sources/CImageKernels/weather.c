#include <string.h>

#include "image_kernel.h"

// The same roundings at every level: a product and a sum are never contracted to one.
#pragma STDC FP_CONTRACT OFF

enum { TILE = 64 };

RK_BODY void finer_body(const int16_t *coarse, ptrdiff_t coarse_stride, const uint8_t *random, int32_t amplitude,
                        ptrdiff_t rows, ptrdiff_t columns, int16_t *between, int16_t *fine) {
    ptrdiff_t parents = columns / 2 + 1;
    for (ptrdiff_t row = 0; row < rows; row++) {
        const int16_t *above = coarse + row / 2 * coarse_stride;
        const int16_t *below = row % 2 ? above + coarse_stride : above;
        for (ptrdiff_t i = 0; i < parents; i++) between[i] = (int16_t)((above[i] + below[i]) >> 1);
        int16_t *target = fine + row * columns;
        for (ptrdiff_t i = 0; i < columns / 2; i++) {
            target[2 * i] = between[i];
            target[2 * i + 1] = (int16_t)((between[i] + between[i + 1]) >> 1);
        }
        if (columns % 2) target[columns - 1] = between[columns / 2];
        const uint8_t *bytes = random + row * columns;
        for (ptrdiff_t i = 0; i < columns; i++) {
            target[i] = (int16_t)(target[i] + (((bytes[i] - 128) * amplitude) >> 7));
        }
    }
}
RK_IMAGE_KERNEL(finer,
                (const int16_t *coarse, ptrdiff_t coarse_stride, const uint8_t *random, int32_t amplitude,
                 ptrdiff_t rows, ptrdiff_t columns, int16_t *between, int16_t *fine),
                (coarse, coarse_stride, random, amplitude, rows, columns, between, fine))

RK_BODY void layer_range_body(const int16_t *layer, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t stride,
                              int16_t range[2]) {
    int16_t least = layer[0], most = layer[0];
    for (ptrdiff_t row = 0; row < rows; row++) {
        for (ptrdiff_t i = 0; i < columns; i++) {
            int16_t v = layer[row * stride + i];
            least = v < least ? v : least;
            most = v > most ? v : most;
        }
    }
    range[0] = least;
    range[1] = most;
}
RK_IMAGE_KERNEL(layer_range,
                (const int16_t *layer, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t stride, int16_t range[2]),
                (layer, rows, columns, stride, range))

// The layer's number of each pixel is first laid out once a channel, so that the arithmetic runs over vectors.
RK_BODY void add_layer_row(uint8_t *x, ptrdiff_t width, ptrdiff_t channels, const int16_t *layer, float gain,
                           float layer_gain, float offset) {
    int16_t spread[TILE * 4];
    uint8_t mixed[TILE * 4];
    for (ptrdiff_t start = 0; start < width; start += TILE) {
        ptrdiff_t count = width - start < TILE ? width - start : TILE;
        uint8_t *pixels = x + start * channels;
        for (ptrdiff_t i = 0; i < count; i++) {
            for (ptrdiff_t c = 0; c < channels; c++) spread[i * channels + c] = layer[start + i];
        }
        for (ptrdiff_t i = 0; i < count * channels; i++) {
            float value = (float)pixels[i] * gain + ((float)spread[i] * layer_gain + offset);
            value = value < 0.0f ? 0.0f : value;
            value = value > 255.0f ? 255.0f : value;
            mixed[i] = (uint8_t)(value + 0.5f);
        }
        if (channels == 4) {
            for (ptrdiff_t i = 0; i < count; i++) mixed[i * 4 + 3] = pixels[i * 4 + 3];
        }
        memcpy(pixels, mixed, (size_t)(count * channels));
    }
}

RK_BODY void add_layer_body(uint8_t *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, const int16_t *layer,
                            ptrdiff_t stride, float gain, float layer_gain, float offset) {
    for (ptrdiff_t row = 0; row < height; row++) {
        uint8_t *pixels = x + row * width * channels;
        const int16_t *numbers = layer + row * stride;
        switch (channels) {
        case 1: add_layer_row(pixels, width, 1, numbers, gain, layer_gain, offset); break;
        case 2: add_layer_row(pixels, width, 2, numbers, gain, layer_gain, offset); break;
        case 3: add_layer_row(pixels, width, 3, numbers, gain, layer_gain, offset); break;
        case 4: add_layer_row(pixels, width, 4, numbers, gain, layer_gain, offset); break;
        default:
            // Any number of channels, a pixel at a time: each is a row of one-channel pixels of the same number.
            for (ptrdiff_t i = 0; i < width; i++) {
                for (ptrdiff_t c = 0; c < channels; c++) {
                    add_layer_row(pixels + i * channels + c, 1, 1, numbers + i, gain, layer_gain, offset);
                }
            }
        }
    }
}
RK_IMAGE_KERNEL(add_layer,
                (uint8_t *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, const int16_t *layer,
                 ptrdiff_t stride, float gain, float layer_gain, float offset),
                (x, height, width, channels, layer, stride, gain, layer_gain, offset))

static void deposit(int16_t *layer, ptrdiff_t width, ptrdiff_t column, int32_t light) {
    if (column < 0 || column >= width) return;
    int32_t sum = layer[column] + light;
    layer[column] = (int16_t)(sum > INT16_MAX ? INT16_MAX : sum);
}

void rk_image_draw_streaks(int16_t *layer, ptrdiff_t height, ptrdiff_t width, const rk_image_streak *streaks,
                           size_t count, int32_t slope) {
    for (size_t s = 0; s < count; s++) {
        rk_image_streak streak = streaks[s];
        ptrdiff_t end = streak.top + streak.rows < height ? streak.top + streak.rows : height;
        for (ptrdiff_t row = streak.top < 0 ? 0 : streak.top; row < end; row++) {
            int64_t x = streak.x + (int64_t)(row - streak.top) * slope;
            int32_t right = (int32_t)((streak.light * (x & 0xFFFF)) >> 16);
            int16_t *target = layer + row * width;
            deposit(target, width, (ptrdiff_t)(x >> 16), streak.light - right);
            deposit(target, width, (ptrdiff_t)(x >> 16) + 1, right);
        }
    }
}

void rk_image_enlarge(const uint8_t *small, ptrdiff_t small_width, ptrdiff_t height, ptrdiff_t width, int32_t step,
                      uint8_t threshold, uint8_t *out) {
    for (ptrdiff_t row = 0; row < height; row++) {
        int64_t y = (int64_t)row * step;
        const uint8_t *top = small + (y >> 16) * small_width, *bottom = top + small_width;
        int32_t fy = (int32_t)(y & 0xFFFF) >> 8;
        for (ptrdiff_t column = 0; column < width; column++) {
            int64_t x = (int64_t)column * step;
            ptrdiff_t i = (ptrdiff_t)(x >> 16);
            int32_t fx = (int32_t)(x & 0xFFFF) >> 8;
            int32_t a = top[i] * (256 - fx) + top[i + 1] * fx, b = bottom[i] * (256 - fx) + bottom[i + 1] * fx;
            int32_t value = (a * (256 - fy) + b * fy + (1 << 15)) >> 16;
            out[row * width + column] = (uint8_t)(value < threshold ? 0 : value);
        }
    }
}

RK_BODY uint8_t whiter(uint8_t x, float luma, float keep) {
    float white = luma * 1.5f + 127.5f;
    white = white > 255.0f ? 255.0f : white;
    float value = (float)x;
    white = white < value ? value : white;
    return (uint8_t)(value * keep + white * (1.0f - keep) + 0.5f);
}

RK_BODY void whiten_body(uint8_t *x, size_t pixels, size_t channels, float keep) {
    if (channels != 3 && channels != 4) {
        for (size_t i = 0; i < pixels * channels; i++) x[i] = whiter(x[i], (float)x[i], keep);
        return;
    }
    for (size_t i = 0; i < pixels; i++) {
        uint8_t *p = x + i * channels;
        float luma = (float)p[0] * 0.299f + (float)p[1] * 0.587f + (float)p[2] * 0.114f;
        for (size_t c = 0; c < 3; c++) p[c] = whiter(p[c], luma, keep);
    }
}
RK_IMAGE_KERNEL(whiten, (uint8_t *x, size_t pixels, size_t channels, float keep), (x, pixels, channels, keep))

uint8_t rk_image_largest_colour(const uint8_t *x, size_t pixels, size_t channels) {
    uint8_t most = 0;
    if (channels != 4) {
        for (size_t i = 0; i < pixels * channels; i++) most = x[i] > most ? x[i] : most;
        return most;
    }
    for (size_t i = 0; i < pixels * 4; i++) {
        uint8_t value = i % 4 == 3 ? 0 : x[i];
        most = value > most ? value : most;
    }
    return most;
}

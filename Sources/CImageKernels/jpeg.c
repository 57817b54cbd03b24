#include <string.h>

#include "image_kernel.h"

// The same roundings at every level: a product and a sum are never contracted to one.
#pragma STDC FP_CONTRACT OFF

enum { SIDE = 8 };

// Row u is the u-th cosine of the discrete cosine transform, orthonormal: ½ cos((2 x + 1) u π / 16), u = 0 by √½.
static const float cosines[SIDE][SIDE] = {
    {0.353553391f, 0.353553391f, 0.353553391f, 0.353553391f, 0.353553391f, 0.353553391f, 0.353553391f, 0.353553391f},
    {0.490392640f, 0.415734806f, 0.277785117f, 0.097545161f, -0.097545161f, -0.277785117f, -0.415734806f,
     -0.490392640f},
    {0.461939766f, 0.191341716f, -0.191341716f, -0.461939766f, -0.461939766f, -0.191341716f, 0.191341716f,
     0.461939766f},
    {0.415734806f, -0.097545161f, -0.490392640f, -0.277785117f, 0.277785117f, 0.490392640f, 0.097545161f,
     -0.415734806f},
    {0.353553391f, -0.353553391f, -0.353553391f, 0.353553391f, 0.353553391f, -0.353553391f, -0.353553391f,
     0.353553391f},
    {0.277785117f, -0.490392640f, 0.097545161f, 0.415734806f, -0.415734806f, -0.097545161f, 0.490392640f,
     -0.277785117f},
    {0.191341716f, -0.461939766f, 0.461939766f, -0.191341716f, -0.191341716f, 0.461939766f, -0.461939766f,
     0.191341716f},
    {0.097545161f, -0.277785117f, 0.415734806f, -0.490392640f, 0.490392640f, -0.415734806f, 0.277785117f,
     -0.097545161f},
};

// c = a · b, or aᵀ · b.
RK_BODY void product(const float a[SIDE][SIDE], const float b[SIDE][SIDE], int transposed, float c[SIDE][SIDE]) {
    for (int i = 0; i < SIDE; i++) {
        float sums[SIDE] = {0};
        for (int k = 0; k < SIDE; k++) {
            float factor = transposed ? a[k][i] : a[i][k];
            for (int j = 0; j < SIDE; j++) sums[j] += factor * b[k][j];
        }
        memcpy(c[i], sums, sizeof sums);
    }
}

RK_BODY void transpose(float a[SIDE][SIDE], float b[SIDE][SIDE]) {
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) b[j][i] = a[i][j];
    }
}

RK_BODY void quantize_blocks_body(uint8_t *plane, ptrdiff_t height, ptrdiff_t width, const uint16_t steps[64]) {
    float turned[SIDE][SIDE], step[SIDE][SIDE], inverse[SIDE][SIDE];
    // The transform below leaves its block transposed.
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            step[j][i] = (float)steps[i * SIDE + j];
            inverse[j][i] = 1.0f / step[j][i];
        }
    }
    float block[SIDE][SIDE], half[SIDE][SIDE];
    for (ptrdiff_t top = 0; top < height; top += SIDE) {
        for (ptrdiff_t left = 0; left < width; left += SIDE) {
            uint8_t *corner = plane + top * width + left;
            for (int i = 0; i < SIDE; i++) {
                for (int j = 0; j < SIDE; j++) block[i][j] = (float)corner[i * width + j] - 128.0f;
            }
            // C · X · Cᵀ, transposed, is C · (C · X)ᵀ; and back alike with Cᵀ.
            product(cosines, block, 0, half);
            transpose(half, turned);
            product(cosines, turned, 0, block);
            for (int i = 0; i < SIDE; i++) {
                for (int j = 0; j < SIDE; j++) {
                    float quotient = block[i][j] * inverse[i][j];
                    quotient = quotient < 0.0f ? quotient - 0.5f : quotient + 0.5f;
                    block[i][j] = (float)(int32_t)quotient * step[i][j];
                }
            }
            product(cosines, block, 1, half);
            transpose(half, turned);
            product(cosines, turned, 1, block);
            for (int i = 0; i < SIDE; i++) {
                for (int j = 0; j < SIDE; j++) {
                    float value = block[i][j] + 128.0f;
                    value = value < 0.0f ? 0.0f : value;
                    value = value > 255.0f ? 255.0f : value;
                    corner[i * width + j] = (uint8_t)(value + 0.5f);
                }
            }
        }
    }
}
RK_IMAGE_KERNEL(quantize_blocks, (uint8_t *plane, ptrdiff_t height, ptrdiff_t width, const uint16_t steps[64]),
                (plane, height, width, steps))

RK_BODY uint8_t cut(int32_t x) {
    x = x < 0 ? 0 : x;
    return (uint8_t)(x > 255 ? 255 : x);
}

// JFIF's colours: luma and the two differences of ITU-R BT.601 at full range, in units of 2⁻¹⁶.
RK_BODY void split_colours_body(const uint8_t *x, size_t pixels, size_t channels, uint8_t *y, uint8_t *cb,
                                uint8_t *cr) {
    for (size_t i = 0; i < pixels; i++) {
        int32_t r = x[i * channels], g = x[i * channels + 1], b = x[i * channels + 2];
        y[i] = (uint8_t)((19595 * r + 38470 * g + 7471 * b + 32768) >> 16);
        cb[i] = (uint8_t)((-11059 * r - 21709 * g + 32768 * b + (128 << 16) + 32767) >> 16);
        cr[i] = (uint8_t)((32768 * r - 27439 * g - 5329 * b + (128 << 16) + 32767) >> 16);
    }
}
RK_IMAGE_KERNEL(split_colours,
                (const uint8_t *x, size_t pixels, size_t channels, uint8_t *y, uint8_t *cb, uint8_t *cr),
                (x, pixels, channels, y, cb, cr))

RK_BODY void join_colours_body(const uint8_t *y, const uint8_t *cb, const uint8_t *cr, size_t pixels, size_t channels,
                               uint8_t *x) {
    for (size_t i = 0; i < pixels; i++) {
        int32_t luma = y[i], blue = cb[i] - 128, red = cr[i] - 128;
        x[i * channels] = cut(luma + ((91881 * red + 32768) >> 16));
        x[i * channels + 1] = cut(luma + ((-22554 * blue - 46802 * red + 32768) >> 16));
        x[i * channels + 2] = cut(luma + ((116130 * blue + 32768) >> 16));
    }
}
RK_IMAGE_KERNEL(join_colours,
                (const uint8_t *y, const uint8_t *cb, const uint8_t *cr, size_t pixels, size_t channels, uint8_t *x),
                (y, cb, cr, pixels, channels, x))

RK_BODY void halve_body(const uint8_t *plane, ptrdiff_t height, ptrdiff_t width, ptrdiff_t stride, uint8_t *out) {
    for (ptrdiff_t row = 0; row < (height + 1) / 2; row++) {
        const uint8_t *top = plane + 2 * row * width;
        const uint8_t *bottom = 2 * row + 1 < height ? top + width : top;
        uint8_t *target = out + row * stride;
        for (ptrdiff_t i = 0; i < width / 2; i++) {
            // Up and down in turn, so that rounding does not brighten.
            target[i] = (uint8_t)((top[2 * i] + top[2 * i + 1] + bottom[2 * i] + bottom[2 * i + 1] + 1 + i % 2) >> 2);
        }
        if (width % 2) {
            ptrdiff_t i = width / 2;
            target[i] = (uint8_t)((2 * top[width - 1] + 2 * bottom[width - 1] + 1 + i % 2) >> 2);
        }
    }
}
RK_IMAGE_KERNEL(halve, (const uint8_t *plane, ptrdiff_t height, ptrdiff_t width, ptrdiff_t stride, uint8_t *out),
                (plane, height, width, stride, out))

RK_BODY void double_body(const uint8_t *plane, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t width, int16_t *between,
                         uint8_t *out) {
    ptrdiff_t small_height = (height + 1) / 2, small_width = (width + 1) / 2;
    for (ptrdiff_t row = 0; row < height; row++) {
        ptrdiff_t next = row / 2 + (row % 2 ? 1 : -1);
        next = next < 0 ? 0 : next >= small_height ? small_height - 1 : next;
        const uint8_t *near = plane + row / 2 * stride, *far = plane + next * stride;
        // One more on each side, so that the edges need no case of their own.
        for (ptrdiff_t i = 0; i < small_width; i++) between[i + 1] = (int16_t)(3 * near[i] + far[i]);
        between[0] = between[1];
        between[small_width + 1] = between[small_width];
        uint8_t *target = out + row * width;
        for (ptrdiff_t i = 0; i < width / 2; i++) {
            target[2 * i] = (uint8_t)((3 * between[i + 1] + between[i] + 8) >> 4);
            target[2 * i + 1] = (uint8_t)((3 * between[i + 1] + between[i + 2] + 7) >> 4);
        }
        if (width % 2) {
            target[width - 1] = (uint8_t)((3 * between[small_width] + between[small_width - 1] + 8) >> 4);
        }
    }
}
RK_IMAGE_KERNEL(double,
                (const uint8_t *plane, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t width, int16_t *between,
                 uint8_t *out),
                (plane, stride, height, width, between, out))

void rk_image_pad_blocks(uint8_t *plane, ptrdiff_t height, ptrdiff_t width, ptrdiff_t stride) {
    ptrdiff_t rows = (height + SIDE - 1) / SIDE * SIDE;
    for (ptrdiff_t row = 0; row < rows; row++) {
        uint8_t *target = plane + row * stride;
        if (row >= height) memcpy(target, plane + (height - 1) * stride, (size_t)width);
        memset(target + width, target[width - 1], (size_t)(stride - width));
    }
}

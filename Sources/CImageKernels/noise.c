#include <string.h>

#include "image_kernel.h"
#include "philox.h"

// The same roundings at every level: a product and a sum are never contracted to one.
#pragma STDC FP_CONTRACT OFF

// The natural logarithm of a positive, normal number, to 2e-7 of it or of 1: x = m · 2^e with m in [√½, √2), and
// ln m = 2 artanh((m − 1) / (m + 1)) by its series, whose next term is below 2 · 0.172¹¹ / 11.
RK_BODY float logarithm(float x) {
    uint32_t bits;
    memcpy(&bits, &x, 4);
    uint32_t shifted = bits - 0x3F3504F3u;
    float exponent = (float)((int32_t)shifted >> 23);
    bits = (shifted & 0x007FFFFFu) + 0x3F3504F3u;
    float m;
    memcpy(&m, &bits, 4);
    float t = (m - 1.0f) / (m + 1.0f), s = t * t;
    float series = 1.0f + s * (1.0f / 3 + s * (1.0f / 5 + s * (1.0f / 7 + s * (1.0f / 9))));
    return exponent * 0.693147181f + 2.0f * t * series;
}

// Sine and cosine of a turn's share in [0, 1): a quarter turn is taken off, the rest in ±π/4 goes into Taylor series.
RK_BODY void sine_cosine(float turn, float *sine, float *cosine) {
    float quarters = turn * 4.0f;
    int32_t quadrant = (int32_t)(quarters + 0.5f);
    float r = (quarters - (float)quadrant) * 1.57079633f, s = r * r;
    float sin_r = r * (1.0f + s * (-1.0f / 6 + s * (1.0f / 120 + s * (-1.0f / 5040 + s * (1.0f / 362880)))));
    float cos_r = 1.0f + s * (-0.5f + s * (1.0f / 24 + s * (-1.0f / 720 + s * (1.0f / 40320))));
    float along = quadrant & 1 ? sin_r : cos_r, across = quadrant & 1 ? cos_r : sin_r;
    *cosine = (quadrant + 1) & 2 ? -along : along;
    *sine = quadrant & 2 ? -across : across;
}

// LANES pairs of standard normal numbers, times the deviation, from each two of the words.
RK_BODY void normal_numbers(uint32_t words[4][LANES], float deviation, float noise[4][LANES]) {
    for (int pair = 0; pair < 4; pair += 2) {
        for (int i = 0; i < LANES; i++) {
            // In (0, 1] and [0, 1): 24 bits each, so the logarithm is finite.
            float u = (float)((words[pair][i] >> 8) + 1) * 0x1p-24f;
            // Unlike sqrtf it sets no errno, which would keep the loop from being vectorised.
            float radius = deviation * __builtin_elementwise_sqrt(-2.0f * logarithm(u));
            float sine, cosine;
            sine_cosine((float)(words[pair + 1][i] >> 8) * 0x1p-24f, &sine, &cosine);
            noise[pair][i] = radius * cosine;
            noise[pair + 1][i] = radius * sine;
        }
    }
}

RK_BODY uint8_t rounded(float value) {
    value = value < 0.0f ? 0.0f : value;
    value = value > 255.0f ? 255.0f : value;
    return (uint8_t)(value + 0.5f);
}

RK_BODY void add_noise_body(uint8_t *x, size_t n, float deviation, const uint32_t key[2], const uint32_t counter[4]) {
    uint32_t words[4][LANES];
    float noise[4][LANES];
    for (size_t start = 0; start < n; start += 4 * LANES) {
        philox(key, counter, (uint32_t)(start / 4), words);
        normal_numbers(words, deviation, noise);
        size_t count = n - start < 4 * LANES ? n - start : 4 * LANES;
        const float *z = &noise[0][0];
        for (size_t i = 0; i < count; i++) x[start + i] = rounded((float)x[start + i] + z[i]);
    }
}
RK_IMAGE_KERNEL(add_noise,
                (uint8_t *x, size_t n, float deviation, const uint32_t key[2], const uint32_t counter[4]),
                (x, n, deviation, key, counter))

RK_BODY void add_varying_noise_body(uint8_t *x, size_t n, float linear, float quadratic, const uint32_t key[2],
                                    const uint32_t counter[4]) {
    uint32_t words[4][LANES];
    float noise[4][LANES];
    for (size_t start = 0; start < n; start += 4 * LANES) {
        philox(key, counter, (uint32_t)(start / 4), words);
        normal_numbers(words, 1.0f, noise);
        size_t count = n - start < 4 * LANES ? n - start : 4 * LANES;
        const float *z = &noise[0][0];
        for (size_t i = 0; i < count; i++) {
            float value = (float)x[start + i];
            float deviation = __builtin_elementwise_sqrt(value * linear + value * value * quadratic);
            x[start + i] = rounded(value + deviation * z[i]);
        }
    }
}
RK_IMAGE_KERNEL(add_varying_noise,
                (uint8_t *x, size_t n, float linear, float quadratic, const uint32_t key[2],
                 const uint32_t counter[4]),
                (x, n, linear, quadratic, key, counter))

RK_BODY void random_bytes_body(uint8_t *out, size_t n, const uint32_t key[2], const uint32_t counter[4]) {
    uint32_t words[4][LANES];
    for (size_t start = 0; start < n; start += sizeof words) {
        philox(key, counter, (uint32_t)(start / 16), words);
        size_t left = n - start;
        memcpy(out + start, words, left < sizeof words ? left : sizeof words);
    }
}
RK_IMAGE_KERNEL(random_bytes, (uint8_t *out, size_t n, const uint32_t key[2], const uint32_t counter[4]),
                (out, n, key, counter))

RK_BODY void salt_and_pepper_body(uint8_t *x, size_t pixels, size_t channels, uint32_t pepper, uint32_t salt,
                                  const uint32_t key[2], const uint32_t counter[4]) {
    uint32_t words[4][LANES];
    uint8_t keep[4 * LANES], set[4 * LANES];
    for (size_t start = 0; start < pixels; start += 4 * LANES) {
        philox(key, counter, (uint32_t)(start / 4), words);
        const uint32_t *word = &words[0][0];
        for (int i = 0; i < 4 * LANES; i++) {
            uint32_t u = word[i] >> 8;
            keep[i] = u < pepper + salt ? 0 : 255;
            set[i] = u >= pepper && u < pepper + salt ? 255 : 0;
        }
        size_t count = pixels - start < 4 * LANES ? pixels - start : 4 * LANES;
        uint8_t *target = x + start * channels;
        for (size_t i = 0; i < count; i++) {
            for (size_t c = 0; c < channels; c++) {
                target[i * channels + c] = (uint8_t)((target[i * channels + c] & keep[i]) | set[i]);
            }
        }
    }
}
RK_IMAGE_KERNEL(salt_and_pepper,
                (uint8_t *x, size_t pixels, size_t channels, uint32_t pepper, uint32_t salt, const uint32_t key[2],
                 const uint32_t counter[4]),
                (x, pixels, channels, pepper, salt, key, counter))

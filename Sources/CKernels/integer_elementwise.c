#include "integer.h"

RK_BODY void quantize_body(rk_simd_level level, const float *restrict x, size_t n, float scale, int32_t zero,
                           uint8_t *restrict out) {
    (void)level;
    for (size_t i = 0; i < n; i++) out[i] = rk_requantized(x[i] / scale, (float)-zero, (float)(255 - zero), zero);
}
RK_LEVEL_KERNEL(quantize, (rk_simd_level level, const float *x, size_t n, float scale, int32_t zero, uint8_t *out),
                (level, x, n, scale, zero, out))

RK_BODY void dequantize_body(rk_simd_level level, const uint8_t *restrict x, size_t n, float scale, int32_t zero,
                             float *restrict out) {
    (void)level;
    for (size_t i = 0; i < n; i++) out[i] = scale * (float)(x[i] - zero);
}
RK_LEVEL_KERNEL(dequantize, (rk_simd_level level, const uint8_t *x, size_t n, float scale, int32_t zero, float *out),
                (level, x, n, scale, zero, out))

// ---- rounding that gradients pass -----------------------------------------------------------------------------------

RK_BODY void fake_quantize_body(const float *restrict x, size_t n, float scale, int32_t zero, float *restrict out) {
    float low = (float)-zero, high = (float)(255 - zero);
    for (size_t i = 0; i < n; i++) {
        float value = x[i] / scale;
        value = value > low ? value : low;
        value = value < high ? value : high;
        out[i] = scale * nearbyintf(value);
    }
}
RK_KERNEL(fake_quantize, (const float *x, size_t n, float scale, int32_t zero, float *out), (x, n, scale, zero, out))

RK_BODY void fake_quantize_gradient_body(const float *restrict upstream, const float *restrict x, size_t n, float scale,
                                         int32_t zero, float *restrict dx, float *restrict dscale) {
    float low = (float)-zero, high = (float)(255 - zero);
    for (size_t i = 0; i < n; i++) {
        float value = x[i] / scale;
        int inside = value > low && value < high;
        value = value > low ? value : low;
        value = value < high ? value : high;
        dx[i] = inside ? upstream[i] : 0;
        dscale[i] = upstream[i] * (nearbyintf(value) - (inside ? value : 0));
    }
}
RK_KERNEL(fake_quantize_gradient,
          (const float *upstream, const float *x, size_t n, float scale, int32_t zero, float *dx, float *dscale),
          (upstream, x, n, scale, zero, dx, dscale))

// ---- sums and products ----------------------------------------------------------------------------------------------

/// The kernel of two operands that takes row for row what name##_row takes.
#define RK_PAIR_KERNEL(name)                                                                                          \
    RK_BODY void name##_body(rk_simd_level level, const uint8_t *x, const uint8_t *y, rk_repeated_rows of,            \
                             const rk_integer_pair *q, uint8_t *out) {                                                \
        (void)level;                                                                                                  \
        for (size_t row = 0, place = 0; row < of.rows; row++)                                                         \
            for (size_t turn = 0; turn < of.repeats; turn++, place += of.length)                                      \
                name##_row(x + place, y + row * of.length, of.length, *q, out + place);                               \
    }                                                                                                                 \
    RK_LEVEL_KERNEL(name,                                                                                             \
                    (rk_simd_level level, const uint8_t *x, const uint8_t *y, rk_repeated_rows of,                    \
                     const rk_integer_pair *q, uint8_t *out),                                                         \
                    (level, x, y, of, q, out))

RK_BODY void integer_add_row(const uint8_t *restrict x, const uint8_t *restrict y, size_t n, rk_integer_pair p,
                             uint8_t *restrict out) {
    for (size_t i = 0; i < n; i++) {
        float a = (float)(x[i] - p.x_zero) * p.x_multiplier, b = (float)(y[i] - p.y_zero) * p.y_multiplier;
        out[i] = rk_requantized(a + b, p.low, p.high, p.zero);
    }
}
RK_PAIR_KERNEL(integer_add)

RK_BODY void integer_multiply_row(const uint8_t *restrict x, const uint8_t *restrict y, size_t n, rk_integer_pair p,
                                  uint8_t *restrict out) {
    for (size_t i = 0; i < n; i++) {
        float product = (float)((x[i] - p.x_zero) * (y[i] - p.y_zero)) * p.x_multiplier;
        out[i] = rk_requantized(product, p.low, p.high, p.zero);
    }
}
RK_PAIR_KERNEL(integer_multiply)

// ---- what calibration counts ----------------------------------------------------------------------------------------

int rk_widen_range(const float *x, size_t n, float *least, float *greatest) {
    float low = *least, high = *greatest;
    int finite = 1;
    for (size_t i = 0; i < n; i++) {
        finite &= fabsf(x[i]) <= 3.402823466e38f;
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    *least = low;
    *greatest = high;
    return finite;
}

void rk_histogram(const float *x, size_t n, float origin, float inverse_width, uint64_t *counts, ptrdiff_t bins) {
    float last = (float)(bins - 1);
    for (size_t i = 0; i < n; i++) {
        float place = (x[i] - origin) * inverse_width;
        place = place > 0 ? place : 0;
        place = place < last ? place : last;
        counts[(ptrdiff_t)place]++;
    }
}

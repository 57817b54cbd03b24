#include "kernel.h"

#include <math.h>
#include <string.h>

// exp(x) for x <= 0, relative error below 2e-7: x = k ln 2 + r with |r| <= ln 2 / 2 (ln 2 in two parts, so that r is
// exact to the last bit), the Taylor polynomial of degree 7 for exp(r) (next term: (ln 2 / 2)^8 / 8! = 5e-9), and k
// added to the exponent. Below -87 the result is 0 instead of a denormal. NaN stays NaN.
RK_BODY float exp_nonpositive(float x) {
    float bounded = x < -87.0f ? -87.0f : x;
    float k = floorf(bounded * 1.44269504f + 0.5f);
    float r = bounded - k * 0.693145752f - k * 1.42860677e-6f;
    float p = 1.98412698e-4f;
    p = p * r + 1.38888889e-3f;
    p = p * r + 8.33333333e-3f;
    p = p * r + 4.16666667e-2f;
    p = p * r + 1.66666667e-1f;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    int32_t exponent = k >= -126.0f ? (int32_t)k : 0;  // also keeps a NaN away from the conversion
    int32_t bits = (exponent + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return x < -87.0f ? 0.0f : p * power;
}

// NaN anywhere in a row makes the row's maximum NaN, and with it the whole row.
RK_BODY float row_maximum(const float *x, size_t columns) {
    float maximum = x[0];
    int lost = 0;
    for (size_t c = 0; c < columns; c++) {
        lost |= x[c] != x[c];
        maximum = x[c] > maximum ? x[c] : maximum;
    }
    return lost ? NAN : maximum;
}

RK_BODY void softmax_body(const float *x, float *out, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, out += columns) {
        float maximum = row_maximum(x, columns);
        for (size_t c = 0; c < columns; c++) out[c] = exp_nonpositive(x[c] - maximum);
        float sum = 0;
        for (size_t c = 0; c < columns; c++) sum += out[c];
        for (size_t c = 0; c < columns; c++) out[c] /= sum;
    }
}
RK_KERNEL(softmax, (const float *x, float *out, size_t rows, size_t columns), (x, out, rows, columns))

RK_BODY void log_softmax_body(const float *x, float *out, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, out += columns) {
        float maximum = row_maximum(x, columns);
        float sum = 0;
        for (size_t c = 0; c < columns; c++) sum += exp_nonpositive(x[c] - maximum);
        float logarithm = logf(sum);
        for (size_t c = 0; c < columns; c++) out[c] = x[c] - maximum - logarithm;
    }
}
RK_KERNEL(log_softmax, (const float *x, float *out, size_t rows, size_t columns), (x, out, rows, columns))

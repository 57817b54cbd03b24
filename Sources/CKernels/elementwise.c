#include "kernel.h"

#include <math.h>

// Elementwise maps may run in place: x, y and out may be the same buffer, so the pointers are not `restrict`.
#define RK_MAP _Pragma("clang loop vectorize(assume_safety)") for (size_t i = 0; i < n; i++)

RK_BODY void add_body(const float *x, const float *y, float *out, size_t n) { RK_MAP out[i] = x[i] + y[i]; }
RK_KERNEL(add, (const float *x, const float *y, float *out, size_t n), (x, y, out, n))

RK_BODY void subtract_body(const float *x, const float *y, float *out, size_t n) { RK_MAP out[i] = x[i] - y[i]; }
RK_KERNEL(subtract, (const float *x, const float *y, float *out, size_t n), (x, y, out, n))

RK_BODY void multiply_body(const float *x, const float *y, float *out, size_t n) { RK_MAP out[i] = x[i] * y[i]; }
RK_KERNEL(multiply, (const float *x, const float *y, float *out, size_t n), (x, y, out, n))

RK_BODY void divide_body(const float *x, const float *y, float *out, size_t n) { RK_MAP out[i] = x[i] / y[i]; }
RK_KERNEL(divide, (const float *x, const float *y, float *out, size_t n), (x, y, out, n))

RK_BODY void affine_body(const float *x, float factor, float offset, float *out, size_t n) {
    RK_MAP out[i] = x[i] * factor + offset;
}
RK_KERNEL(affine, (const float *x, float factor, float offset, float *out, size_t n), (x, factor, offset, out, n))

RK_BODY void add_scaled_body(const float *x, float factor, float *out, size_t n) { RK_MAP out[i] += factor * x[i]; }
RK_KERNEL(add_scaled, (const float *x, float factor, float *out, size_t n), (x, factor, out, n))

// NaN stays NaN: the comparison is false for it, and x is kept.
RK_BODY void relu_body(const float *x, float *out, size_t n) { RK_MAP out[i] = x[i] < 0 ? 0 : x[i]; }
RK_KERNEL(relu, (const float *x, float *out, size_t n), (x, out, n))

RK_BODY void relu_gradient_body(const float *upstream, const float *y, float *out, size_t n) {
    RK_MAP out[i] = y[i] > 0 ? upstream[i] : 0;
}
RK_KERNEL(relu_gradient, (const float *upstream, const float *y, float *out, size_t n), (upstream, y, out, n))

// Sixteen partial sums in a fixed assignment, so that every level adds in the same order.
RK_BODY void sum_body(const float *x, size_t n, double *result) {
    double total = 0;
    size_t i = 0;
    while (n - i >= 16) {
        float lanes[16] = {0};
        size_t end = n - i < 16 * 64 ? i + (n - i) / 16 * 16 : i + 16 * 64;
        for (; i < end; i += 16) {
            for (size_t lane = 0; lane < 16; lane++) lanes[lane] += x[i + lane];
        }
        for (size_t lane = 0; lane < 16; lane++) total += lanes[lane];
    }
    for (; i < n; i++) total += x[i];
    *result = total;
}
RK_KERNEL(sum, (const float *x, size_t n, double *result), (x, n, result))

// False for NaN as for infinities: the comparison fails for both.
RK_BODY void finite_body(const float *x, size_t n, int *result) {
    unsigned bad = 0;
    for (size_t i = 0; i < n; i++) bad |= !(fabsf(x[i]) <= 3.402823466e38f);
    *result = !bad;
}
RK_KERNEL(finite, (const float *x, size_t n, int *result), (x, n, result))

RK_BODY void add_rows_body(const float *row, float *x, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++) {
        float *target = x + r * columns;
        for (size_t c = 0; c < columns; c++) target[c] += row[c];
    }
}
RK_KERNEL(add_rows, (const float *row, float *x, size_t rows, size_t columns), (row, x, rows, columns))

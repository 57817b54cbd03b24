#include "kernel.h"

#include <math.h>

// Products are not contracted with sums, so that every level gives the same bits.
#pragma STDC FP_CONTRACT OFF

enum { LANES = 16, BLOCK = LANES * 64 };

// total = the sum of `term`, an expression of i, over 0 ..< n: sixteen sums in a fixed assignment, single precision
// within 64 terms of each and double above, so that every level adds in the same order and long rows lose nothing.
#define ROW_SUM(total, n, term)                                                                     \
    do {                                                                                            \
        total = 0;                                                                                  \
        size_t at = 0;                                                                              \
        while (n - at >= LANES) {                                                                   \
            float lanes[LANES] = {0};                                                               \
            size_t end = n - at < BLOCK ? at + (n - at) / LANES * LANES : at + BLOCK;               \
            for (; at < end; at += LANES) {                                                         \
                for (size_t lane = 0; lane < LANES; lane++) {                                       \
                    size_t i = at + lane;                                                           \
                    lanes[lane] += (term);                                                          \
                }                                                                                   \
            }                                                                                       \
            for (size_t lane = 0; lane < LANES; lane++) total += lanes[lane];                       \
        }                                                                                           \
        for (size_t i = at; i < n; i++) total += (term);                                            \
    } while (0)

// The mean (0 if it is not taken away) and 1 / √(mean square of what is left + epsilon).
RK_BODY void row_statistics(const float *x, size_t n, const rk_row_normalization *norm, float *mean, float *inverse) {
    double sum = 0, squares;
    if (norm->centered) ROW_SUM(sum, n, x[i]);
    float m = (float)(sum / (double)n);
    ROW_SUM(squares, n, (x[i] - m) * (x[i] - m));
    *mean = m;
    *inverse = (float)(1 / sqrt(squares / (double)n + (double)norm->epsilon));
}

RK_BODY void row_norm_body(const rk_row_normalization *norm, const float *x, float *out, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, x += columns, out += columns) {
        float mean, inverse;
        row_statistics(x, columns, norm, &mean, &inverse);
        for (size_t i = 0; i < columns; i++) out[i] = (x[i] - mean) * inverse * norm->scale[i];
        if (norm->shift) {
            for (size_t i = 0; i < columns; i++) out[i] += norm->shift[i];
        }
    }
}
RK_KERNEL(row_norm, (const rk_row_normalization *norm, const float *x, float *out, size_t rows, size_t columns),
          (norm, x, out, rows, columns))

// With z the normalised row and u = upstream · scale: dx = inverse (u - mean(u) - z mean(u z)), the first mean only
// where the row's was taken away.
RK_BODY void row_norm_gradient_body(const rk_row_normalization *norm, const float *upstream, const float *x, float *dx,
                                    float *product, size_t rows, size_t columns) {
    for (size_t r = 0; r < rows; r++, upstream += columns, x += columns, dx += columns, product += columns) {
        float mean, inverse;
        row_statistics(x, columns, norm, &mean, &inverse);
        for (size_t i = 0; i < columns; i++) {
            dx[i] = upstream[i] * norm->scale[i];
            product[i] = (x[i] - mean) * inverse;
        }
        double sum = 0, products;
        if (norm->centered) ROW_SUM(sum, columns, dx[i]);
        ROW_SUM(products, columns, dx[i] * product[i]);
        float m = (float)(sum / (double)columns), slope = (float)(products / (double)columns);
        for (size_t i = 0; i < columns; i++) {
            dx[i] = inverse * (dx[i] - m - product[i] * slope);
            product[i] *= upstream[i];
        }
    }
}
RK_KERNEL(row_norm_gradient,
          (const rk_row_normalization *norm, const float *upstream, const float *x, float *dx, float *product,
           size_t rows, size_t columns),
          (norm, upstream, x, dx, product, rows, columns))

#include "kernel.h"

// Channels are the fast axis. A block of channels keeps its sums in registers while the rows run; 32 rows are summed in
// single precision and then added up in double, so that the error does not grow with the batch.
enum { CHANNEL_BLOCK = 16, ROW_BLOCK = 32 };

RK_BODY void channel_sums_block(const float *x, size_t rows, size_t channels, size_t width, double *sums) {
    double totals[CHANNEL_BLOCK] = {0};
    for (size_t r0 = 0; r0 < rows; r0 += ROW_BLOCK) {
        size_t end = rows - r0 < ROW_BLOCK ? rows : r0 + ROW_BLOCK;
        float partial[CHANNEL_BLOCK] = {0};
        for (size_t r = r0; r < end; r++) {
            for (size_t c = 0; c < width; c++) partial[c] += x[r * channels + c];
        }
        for (size_t c = 0; c < width; c++) totals[c] += partial[c];
    }
    for (size_t c = 0; c < width; c++) sums[c] = totals[c];
}

RK_BODY void channel_sums_body(const float *x, size_t rows, size_t channels, double *sums) {
    size_t c = 0;
    for (; c + CHANNEL_BLOCK <= channels; c += CHANNEL_BLOCK) channel_sums_block(x + c, rows, channels, CHANNEL_BLOCK, sums + c);
    if (c < channels) channel_sums_block(x + c, rows, channels, channels - c, sums + c);
}
RK_KERNEL(channel_sums, (const float *x, size_t rows, size_t channels, double *sums), (x, rows, channels, sums))

RK_BODY void channel_squares_block(
    const float *x, const float *mean, size_t rows, size_t channels, size_t width, double *sums) {
    double totals[CHANNEL_BLOCK] = {0};
    for (size_t r0 = 0; r0 < rows; r0 += ROW_BLOCK) {
        size_t end = rows - r0 < ROW_BLOCK ? rows : r0 + ROW_BLOCK;
        float partial[CHANNEL_BLOCK] = {0};
        for (size_t r = r0; r < end; r++) {
            for (size_t c = 0; c < width; c++) {
                float d = x[r * channels + c] - mean[c];
                partial[c] += d * d;
            }
        }
        for (size_t c = 0; c < width; c++) totals[c] += partial[c];
    }
    for (size_t c = 0; c < width; c++) sums[c] = totals[c];
}

RK_BODY void channel_squares_body(const float *x, const float *mean, size_t rows, size_t channels, double *sums) {
    size_t c = 0;
    for (; c + CHANNEL_BLOCK <= channels; c += CHANNEL_BLOCK) {
        channel_squares_block(x + c, mean + c, rows, channels, CHANNEL_BLOCK, sums + c);
    }
    if (c < channels) channel_squares_block(x + c, mean + c, rows, channels, channels - c, sums + c);
}
RK_KERNEL(channel_squares, (const float *x, const float *mean, size_t rows, size_t channels, double *sums),
          (x, mean, rows, channels, sums))

// The value that the normalisation cuts at 0 if it is below; forward and back have it from the same expression. The mean
// goes first: x · factor + offset would lose what x and the mean have in common twice, where both are far from 0.
RK_BODY float normalized(const rk_batch_norm *n, size_t at, size_t c) {
    float value = (n->x[at] - n->mean[c]) * n->factor[c] + n->shift[c];
    return n->residual ? value + n->residual[at] : value;
}

// Runs a statement with `n`, a copy of the normalisation that no store can reach and whose cases the compiler knows.
#define RK_BATCH_NORM_CASES(norm, statement)                                          \
    do {                                                                              \
        rk_batch_norm n = *(norm);                                                    \
        if (n.residual && n.relu) { n.relu = 1; statement; }                          \
        else if (n.residual) { n.relu = 0; statement; }                               \
        else if (n.relu) { n.residual = NULL, n.relu = 1; statement; }                \
        else { n.residual = NULL, n.relu = 0; statement; }                            \
    } while (0)

// NaN stays NaN.
RK_BODY void batch_norm_rows(const rk_batch_norm *n, float *y, size_t rows, size_t channels) {
    for (size_t r = 0; r < rows; r++) {
        _Pragma("clang loop vectorize(assume_safety)") for (size_t c = 0; c < channels; c++) {
            float value = normalized(n, r * channels + c, c);
            y[r * channels + c] = n->relu && value < 0 ? 0 : value;
        }
    }
}

RK_BODY void batch_norm_forward_body(const rk_batch_norm *norm, float *y, size_t rows, size_t channels) {
    RK_BATCH_NORM_CASES(norm, batch_norm_rows(&n, y, rows, channels));
}
RK_KERNEL(batch_norm_forward, (const rk_batch_norm *norm, float *y, size_t rows, size_t channels), (norm, y, rows, channels))

// What comes back through the cut.
RK_BODY float uncut(const rk_batch_norm *n, const float *g, size_t at, size_t c) {
    return !n->relu || normalized(n, at, c) > 0 ? g[at] : 0;
}

RK_BODY void batch_norm_sums_block(const float *g, const rk_batch_norm *n, size_t first, size_t rows, size_t channels,
                                   size_t width, double *sum, double *product) {
    double sums[CHANNEL_BLOCK] = {0}, products[CHANNEL_BLOCK] = {0};
    for (size_t r0 = 0; r0 < rows; r0 += ROW_BLOCK) {
        size_t end = rows - r0 < ROW_BLOCK ? rows : r0 + ROW_BLOCK;
        float s[CHANNEL_BLOCK] = {0}, p[CHANNEL_BLOCK] = {0};
        for (size_t r = r0; r < end; r++) {
            for (size_t c = 0; c < width; c++) {
                float u = uncut(n, g, r * channels + first + c, first + c);
                s[c] += u;
                p[c] += u * (n->x[r * channels + first + c] - n->mean[first + c]);
            }
        }
        for (size_t c = 0; c < width; c++) {
            sums[c] += s[c];
            products[c] += p[c];
        }
    }
    for (size_t c = 0; c < width; c++) {
        sum[first + c] = sums[c];
        product[first + c] = products[c];
    }
}

RK_BODY void batch_norm_sums_blocks(const float *g, const rk_batch_norm *n, size_t rows, size_t channels, double *sum,
                                    double *product) {
    size_t c = 0;
    for (; c + CHANNEL_BLOCK <= channels; c += CHANNEL_BLOCK) {
        batch_norm_sums_block(g, n, c, rows, channels, CHANNEL_BLOCK, sum, product);
    }
    if (c < channels) batch_norm_sums_block(g, n, c, rows, channels, channels - c, sum, product);
}

RK_BODY void batch_norm_sums_body(const float *g, const rk_batch_norm *norm, size_t rows, size_t channels, double *sum,
                                  double *product) {
    RK_BATCH_NORM_CASES(norm, batch_norm_sums_blocks(g, &n, rows, channels, sum, product));
}
RK_KERNEL(batch_norm_sums,
          (const float *g, const rk_batch_norm *norm, size_t rows, size_t channels, double *sum, double *product),
          (g, norm, rows, channels, sum, product))

RK_BODY void batch_norm_gradient_rows(const float *g, const rk_batch_norm *n, const float *a, const float *b,
                                      const float *c, float *dx, float *dresidual, size_t rows, size_t channels) {
    for (size_t r = 0; r < rows; r++) {
        _Pragma("clang loop vectorize(assume_safety)") for (size_t k = 0; k < channels; k++) {
            size_t at = r * channels + k;
            float u = uncut(n, g, at, k);
            if (n->residual) dresidual[at] = u;
            dx[at] = a[k] * u + (b[k] * (n->x[at] - n->mean[k]) + c[k]);
        }
    }
}

RK_BODY void batch_norm_gradient_body(const float *g, const rk_batch_norm *norm, const float *a, const float *b,
                                      const float *c, float *dx, float *dresidual, size_t rows, size_t channels) {
    RK_BATCH_NORM_CASES(norm, batch_norm_gradient_rows(g, &n, a, b, c, dx, dresidual, rows, channels));
}
RK_KERNEL(batch_norm_gradient,
          (const float *g, const rk_batch_norm *norm, const float *a, const float *b, const float *c, float *dx,
           float *dresidual, size_t rows, size_t channels),
          (g, norm, a, b, c, dx, dresidual, rows, channels))

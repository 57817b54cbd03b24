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

// y = x * factor + offset (+ residual), cut at 0 if asked; NaN stays NaN.
RK_BODY void channel_affine_body(const float *x, const float *factor, const float *offset, const float *residual,
                                 int relu, float *y, size_t rows, size_t channels) {
    for (size_t r = 0; r < rows; r++) {
        const float *from = x + r * channels;
        float *to = y + r * channels;
        if (residual) {
            const float *other = residual + r * channels;
            for (size_t c = 0; c < channels; c++) to[c] = from[c] * factor[c] + offset[c] + other[c];
        } else {
            for (size_t c = 0; c < channels; c++) to[c] = from[c] * factor[c] + offset[c];
        }
        if (relu) {
            for (size_t c = 0; c < channels; c++) to[c] = to[c] < 0 ? 0 : to[c];
        }
    }
}
RK_KERNEL(channel_affine,
          (const float *x, const float *factor, const float *offset, const float *residual, int relu, float *y,
           size_t rows, size_t channels),
          (x, factor, offset, residual, relu, y, rows, channels))

RK_BODY void batch_norm_sums_block(const float *g, const float *x, const float *mean, size_t rows, size_t channels,
                                   size_t width, double *sum, double *product) {
    double sums[CHANNEL_BLOCK] = {0}, products[CHANNEL_BLOCK] = {0};
    for (size_t r0 = 0; r0 < rows; r0 += ROW_BLOCK) {
        size_t end = rows - r0 < ROW_BLOCK ? rows : r0 + ROW_BLOCK;
        float s[CHANNEL_BLOCK] = {0}, p[CHANNEL_BLOCK] = {0};
        for (size_t r = r0; r < end; r++) {
            for (size_t c = 0; c < width; c++) {
                float u = g[r * channels + c];
                s[c] += u;
                p[c] += u * (x[r * channels + c] - mean[c]);
            }
        }
        for (size_t c = 0; c < width; c++) {
            sums[c] += s[c];
            products[c] += p[c];
        }
    }
    for (size_t c = 0; c < width; c++) {
        sum[c] = sums[c];
        product[c] = products[c];
    }
}

RK_BODY void batch_norm_sums_body(const float *g, const float *x, const float *mean, size_t rows, size_t channels,
                                  double *sum, double *product) {
    size_t c = 0;
    for (; c + CHANNEL_BLOCK <= channels; c += CHANNEL_BLOCK) {
        batch_norm_sums_block(g + c, x + c, mean + c, rows, channels, CHANNEL_BLOCK, sum + c, product + c);
    }
    if (c < channels) batch_norm_sums_block(g + c, x + c, mean + c, rows, channels, channels - c, sum + c, product + c);
}
RK_KERNEL(batch_norm_sums,
          (const float *g, const float *x, const float *mean, size_t rows, size_t channels, double *sum,
           double *product),
          (g, x, mean, rows, channels, sum, product))

// out = a * g + b * x + offset, per channel.
RK_BODY void channel_combine_body(const float *g, const float *a, const float *x, const float *b, const float *offset,
                                  float *out, size_t rows, size_t channels) {
    for (size_t r = 0; r < rows; r++) {
        const float *gr = g + r * channels, *xr = x + r * channels;
        float *to = out + r * channels;
        for (size_t c = 0; c < channels; c++) to[c] = a[c] * gr[c] + (b[c] * xr[c] + offset[c]);
    }
}
RK_KERNEL(channel_combine,
          (const float *g, const float *a, const float *x, const float *b, const float *offset, float *out,
           size_t rows, size_t channels),
          (g, a, x, b, offset, out, rows, channels))

#include "sampling.h"

// The same roundings at every level: a product and a sum are never contracted to one.
#pragma STDC FP_CONTRACT OFF

RK_BODY void project_body(const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                          rk_image_border border, rk_image_filter filter, const rk_image_projection *map,
                          ptrdiff_t out_height, ptrdiff_t out_width, uint8_t *out) {
    source from = {framed, height, width, channels, border, filter};
    places at;
    for (ptrdiff_t row = 0; row < out_height; row++) {
        double x_row = map->x[0] + map->x[2] * (double)row;
        double y_row = map->y[0] + map->y[2] * (double)row;
        double w_row = map->w[0] + map->w[2] * (double)row;
        for (ptrdiff_t start = 0; start < out_width; start += TILE) {
            ptrdiff_t count = out_width - start < TILE ? out_width - start : TILE;
            for (int32_t i = 0; i < (int32_t)count; i++) {
                double column = (double)((int32_t)start + i);
                double w = w_row + map->w[1] * column;
                // At the horizon and behind it there is no image; far outside there is none either.
                double scale = w > 1e-6 ? 1.0 / w : 0.0;
                double beyond = w > 1e-6 ? 0.0 : -0x1p30;
                split((x_row + map->x[1] * column) * scale + beyond, at.x + i, at.fx + i);
                split((y_row + map->y[1] * column) * scale + beyond, at.y + i, at.fy + i);
            }
            sample(&from, &at, count, out + (row * out_width + start) * channels);
        }
    }
}
RK_IMAGE_KERNEL(project,
                (const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, rk_image_border border,
                 rk_image_filter filter, const rk_image_projection *map, ptrdiff_t out_height, ptrdiff_t out_width,
                 uint8_t *out),
                (framed, height, width, channels, border, filter, map, out_height, out_width, out))

RK_BODY void displace_body(const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                           rk_image_border border, rk_image_filter filter, const float *right, const float *down,
                           uint8_t *out) {
    source from = {framed, height, width, channels, border, filter};
    places at;
    for (ptrdiff_t row = 0; row < height; row++) {
        for (ptrdiff_t start = 0; start < width; start += TILE) {
            ptrdiff_t count = width - start < TILE ? width - start : TILE;
            const float *dx = right + row * width + start, *dy = down + row * width + start;
            for (int32_t i = 0; i < (int32_t)count; i++) {
                split((double)((int32_t)start + i) + (double)dx[i], at.x + i, at.fx + i);
                split((double)row + (double)dy[i], at.y + i, at.fy + i);
            }
            sample(&from, &at, count, out + (row * width + start) * channels);
        }
    }
}
RK_IMAGE_KERNEL(displace,
                (const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, rk_image_border border,
                 rk_image_filter filter, const float *right, const float *down, uint8_t *out),
                (framed, height, width, channels, border, filter, right, down, out))

// Each output is the sum over the taps in their order, for all columns at once. Beyond the edges there are zeros.
RK_BODY void smooth_body(float *field, ptrdiff_t height, ptrdiff_t width, const float *taps, ptrdiff_t radius,
                         float *scratch) {
    // Along rows, each copied between zeros.
    memset(scratch, 0, (size_t)(width + 2 * radius) * sizeof(float));
    for (ptrdiff_t row = 0; row < height; row++) {
        float *values = field + row * width;
        memcpy(scratch + radius, values, (size_t)width * sizeof(float));
        for (ptrdiff_t i = 0; i < width; i++) values[i] = 0;
        for (ptrdiff_t tap = 0; tap <= 2 * radius; tap++) {
            for (ptrdiff_t i = 0; i < width; i++) values[i] += taps[tap] * scratch[i + tap];
        }
    }
    // Down columns, from a copy of the whole.
    memcpy(scratch, field, (size_t)(height * width) * sizeof(float));
    for (ptrdiff_t row = 0; row < height; row++) {
        float *values = field + row * width;
        for (ptrdiff_t i = 0; i < width; i++) values[i] = 0;
        for (ptrdiff_t tap = 0; tap <= 2 * radius; tap++) {
            ptrdiff_t from = row + tap - radius;
            if (from < 0 || from >= height) continue;
            for (ptrdiff_t i = 0; i < width; i++) values[i] += taps[tap] * scratch[from * width + i];
        }
    }
}
RK_IMAGE_KERNEL(smooth,
                (float *field, ptrdiff_t height, ptrdiff_t width, const float *taps, ptrdiff_t radius, float *scratch),
                (field, height, width, taps, radius, scratch))

#include "window.h"

#include <string.h>

// `width` channels stay in registers while the window's pixels pass.
RK_BODY void max_window(const float *image, const rk_patch_geometry *g, rk_window_axis y, rk_window_axis x,
                        ptrdiff_t width, float *output, uint16_t *argmax) {
    float best[16];
    uint32_t place[16];
    ptrdiff_t down = g->dilation_height * g->input_width * g->channels, across = g->dilation_width * g->channels;
    const float *row = image + (y.first * g->input_width + x.first) * g->channels;
    uint32_t tap = (uint32_t)(y.tap * g->kernel_width + x.tap);
    for (ptrdiff_t c = 0; c < width; c++) {
        best[c] = row[c];
        place[c] = tap;
    }
    for (ptrdiff_t ty = 0; ty < y.count; ty++, row += down, tap += (uint32_t)g->kernel_width) {
        const float *pixel = row;
        for (uint32_t here = tap; here < tap + (uint32_t)x.count; here++, pixel += across) {
            for (ptrdiff_t c = 0; c < width; c++) {
                int wins = !(pixel[c] <= best[c]) & (best[c] == best[c]);
                best[c] = wins ? pixel[c] : best[c];
                place[c] = wins ? here : place[c];
            }
        }
    }
    for (ptrdiff_t c = 0; c < width; c++) {
        output[c] = best[c];
        argmax[c] = (uint16_t)place[c];
    }
}

// The window's tap that held the maximum, the first of several, goes to `argmax` (row by row through the window). A NaN
// wins over everything, so that it is not lost.
RK_BODY void max_pool_body(const float *image, const rk_patch_geometry *geometry, float *output, uint16_t *argmax) {
    const rk_patch_geometry g = *geometry;
    for (ptrdiff_t oy = 0; oy < g.output_height; oy++) {
        rk_window_axis y = rk_window_rows(&g, oy);
        for (ptrdiff_t ox = 0; ox < g.output_width; ox++, output += g.channels, argmax += g.channels) {
            rk_window_axis x = rk_window_columns(&g, ox);
            ptrdiff_t c = 0;
            for (; c + 16 <= g.channels; c += 16) max_window(image + c, &g, y, x, 16, output + c, argmax + c);
            if (c < g.channels) max_window(image + c, &g, y, x, g.channels - c, output + c, argmax + c);
        }
    }
}
RK_KERNEL(max_pool, (const float *image, const rk_patch_geometry *geometry, float *output, uint16_t *argmax),
          (image, geometry, output, argmax))

static void clear(const rk_patch_geometry *g, float *image) {
    memset(image, 0, sizeof(float) * (size_t)(g->input_height * g->input_width * g->channels));
}

// Every upstream value is added to the pixel that won.
static void scatter_to_maximum(const float *upstream, const uint16_t *argmax, const rk_patch_geometry *g, float *image) {
    clear(g, image);
    ptrdiff_t channels = g->channels;
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, upstream += channels, argmax += channels) {
            ptrdiff_t y0 = oy * g->stride_height - g->padding_top, x0 = ox * g->stride_width - g->padding_left;
            for (ptrdiff_t c = 0; c < channels; c++) {
                ptrdiff_t y = y0 + argmax[c] / g->kernel_width * g->dilation_height;
                ptrdiff_t x = x0 + argmax[c] % g->kernel_width * g->dilation_width;
                image[(y * g->input_width + x) * channels + c] += upstream[c];
            }
        }
    }
}

RK_BODY void max_pool_gradient_body(const float *upstream, const uint16_t *argmax, const rk_patch_geometry *g,
                                    float *image) {
    ptrdiff_t channels = g->channels, width = g->input_width, rows = g->kernel_height, columns = g->kernel_width;
    if (g->stride_height != rows || g->stride_width != columns || g->padding_top || g->padding_left ||
        g->dilation_height != 1 || g->dilation_width != 1 || g->output_height * rows != g->input_height ||
        g->output_width * columns != width) {
        scatter_to_maximum(upstream, argmax, g, image);
        return;
    }
    // Windows that cover the image once: each pixel is written once, with its window's value or 0.
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, upstream += channels, argmax += channels) {
            for (ptrdiff_t tap = 0; tap < rows * columns; tap++) {
                float *pixel = image + ((oy * rows + tap / columns) * width + ox * columns + tap % columns) * channels;
                _Pragma("clang loop vectorize(assume_safety)") for (ptrdiff_t c = 0; c < channels; c++) {
                    pixel[c] = argmax[c] == tap ? upstream[c] : 0;
                }
            }
        }
    }
}
RK_KERNEL(max_pool_gradient,
          (const float *upstream, const uint16_t *argmax, const rk_patch_geometry *g, float *image),
          (upstream, argmax, g, image))

// One over the number of the window's taps that lie in the image; in the padded image where padding counts.
RK_BODY float window_weight(rk_window_axis y, rk_window_axis x, int counts_padding) {
    if (counts_padding) return 1.0f / (float)(y.counted * x.counted);
    return 1.0f / (float)(y.count * x.count);
}

RK_BODY void average_pool_body(const float *image, const rk_patch_geometry *g, int counts_padding, float *output) {
    ptrdiff_t channels = g->channels;
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        rk_window_axis y = rk_window_rows(g, oy);
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, output += channels) {
            rk_window_axis x = rk_window_columns(g, ox);
            for (ptrdiff_t c = 0; c < channels; c++) output[c] = 0;
            for (ptrdiff_t row = 0; row < y.count; row++) {
                const float *first =
                    image + ((y.first + row * g->dilation_height) * g->input_width + x.first) * channels;
                for (ptrdiff_t column = 0; column < x.count; column++, first += g->dilation_width * channels) {
                    const float *restrict pixel = first;
                    for (ptrdiff_t c = 0; c < channels; c++) output[c] += pixel[c];
                }
            }
            float weight = window_weight(y, x, counts_padding);
            for (ptrdiff_t c = 0; c < channels; c++) output[c] *= weight;
        }
    }
}
RK_KERNEL(average_pool, (const float *image, const rk_patch_geometry *g, int counts_padding, float *output),
          (image, g, counts_padding, output))

RK_BODY void average_pool_gradient_body(const float *upstream, const rk_patch_geometry *g, int counts_padding,
                                        float *image) {
    clear(g, image);
    ptrdiff_t channels = g->channels;
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        rk_window_axis y = rk_window_rows(g, oy);
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, upstream += channels) {
            rk_window_axis x = rk_window_columns(g, ox);
            float weight = window_weight(y, x, counts_padding);
            for (ptrdiff_t row = 0; row < y.count; row++) {
                float *first = image + ((y.first + row * g->dilation_height) * g->input_width + x.first) * channels;
                for (ptrdiff_t column = 0; column < x.count; column++, first += g->dilation_width * channels) {
                    float *restrict pixel = first;
                    for (ptrdiff_t c = 0; c < channels; c++) pixel[c] += weight * upstream[c];
                }
            }
        }
    }
}
RK_KERNEL(average_pool_gradient,
          (const float *upstream, const rk_patch_geometry *g, int counts_padding, float *image),
          (upstream, g, counts_padding, image))

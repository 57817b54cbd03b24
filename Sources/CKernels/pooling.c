#include "kernel.h"

#include <string.h>

// The part of a window that lies in the image: rows y0 ≤ y < y1, columns x0 ≤ x < x1.
typedef struct { ptrdiff_t y0, y1, x0, x1; } window_part;

RK_BODY window_part window_at(const rk_patch_geometry *g, ptrdiff_t oy, ptrdiff_t ox) {
    ptrdiff_t y = oy * g->stride_height - g->padding_height, x = ox * g->stride_width - g->padding_width;
    ptrdiff_t y1 = y + g->kernel_height, x1 = x + g->kernel_width;
    return (window_part){y > 0 ? y : 0, y1 < g->input_height ? y1 : g->input_height, x > 0 ? x : 0,
                         x1 < g->input_width ? x1 : g->input_width};
}

// `width` channels stay in registers while the window's pixels pass. `tap` is the first one's place in the window.
RK_BODY void max_window(const float *image, const rk_patch_geometry *g, window_part part, ptrdiff_t tap, ptrdiff_t width,
                        float *output, uint16_t *argmax) {
    float best[16];
    uint32_t place[16];
    for (ptrdiff_t c = 0; c < width; c++) {
        best[c] = image[(part.y0 * g->input_width + part.x0) * g->channels + c];
        place[c] = (uint32_t)tap;
    }
    for (ptrdiff_t y = part.y0; y < part.y1; y++, tap += g->kernel_width) {
        for (ptrdiff_t x = part.x0; x < part.x1; x++) {
            const float *pixel = image + (y * g->input_width + x) * g->channels;
            uint32_t here = (uint32_t)(tap + x - part.x0);
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
        for (ptrdiff_t ox = 0; ox < g.output_width; ox++, output += g.channels, argmax += g.channels) {
            window_part part = window_at(&g, oy, ox);
            ptrdiff_t down = part.y0 - (oy * g.stride_height - g.padding_height);
            ptrdiff_t tap = down * g.kernel_width + part.x0 - (ox * g.stride_width - g.padding_width), c = 0;
            for (; c + 16 <= g.channels; c += 16) max_window(image + c, &g, part, tap, 16, output + c, argmax + c);
            if (c < g.channels) max_window(image + c, &g, part, tap, g.channels - c, output + c, argmax + c);
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
            ptrdiff_t y0 = oy * g->stride_height - g->padding_height, x0 = ox * g->stride_width - g->padding_width;
            for (ptrdiff_t c = 0; c < channels; c++) {
                ptrdiff_t y = y0 + argmax[c] / g->kernel_width, x = x0 + argmax[c] % g->kernel_width;
                image[(y * g->input_width + x) * channels + c] += upstream[c];
            }
        }
    }
}

RK_BODY void max_pool_gradient_body(const float *upstream, const uint16_t *argmax, const rk_patch_geometry *g,
                                    float *image) {
    ptrdiff_t channels = g->channels, width = g->input_width, rows = g->kernel_height, columns = g->kernel_width;
    if (g->stride_height != rows || g->stride_width != columns || g->padding_height || g->padding_width ||
        g->output_height * rows != g->input_height || g->output_width * columns != width) {
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

// One over the number of the window's pixels that lie in the image; of all its pixels where padding counts.
RK_BODY float window_weight(const rk_patch_geometry *g, window_part part, int counts_padding) {
    if (counts_padding) return 1.0f / (float)(g->kernel_height * g->kernel_width);
    return 1.0f / (float)((part.y1 - part.y0) * (part.x1 - part.x0));
}

RK_BODY void average_pool_body(const float *image, const rk_patch_geometry *g, int counts_padding, float *output) {
    ptrdiff_t channels = g->channels;
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, output += channels) {
            window_part part = window_at(g, oy, ox);
            for (ptrdiff_t c = 0; c < channels; c++) output[c] = 0;
            for (ptrdiff_t y = part.y0; y < part.y1; y++) {
                for (ptrdiff_t x = part.x0; x < part.x1; x++) {
                    const float *restrict pixel = image + (y * g->input_width + x) * channels;
                    for (ptrdiff_t c = 0; c < channels; c++) output[c] += pixel[c];
                }
            }
            float weight = window_weight(g, part, counts_padding);
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
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, upstream += channels) {
            window_part part = window_at(g, oy, ox);
            float weight = window_weight(g, part, counts_padding);
            for (ptrdiff_t y = part.y0; y < part.y1; y++) {
                for (ptrdiff_t x = part.x0; x < part.x1; x++) {
                    float *restrict pixel = image + (y * g->input_width + x) * channels;
                    for (ptrdiff_t c = 0; c < channels; c++) pixel[c] += weight * upstream[c];
                }
            }
        }
    }
}
RK_KERNEL(average_pool_gradient,
          (const float *upstream, const rk_patch_geometry *g, int counts_padding, float *image),
          (upstream, g, counts_padding, image))

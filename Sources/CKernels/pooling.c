#include "kernel.h"

// The window's tap that held the maximum, the first of several, goes to `argmax` (row by row through the window). A NaN
// wins over everything, so that it is not lost.
RK_BODY void max_pool_body(const float *image, const rk_patch_geometry *g, float *output, uint16_t *argmax) {
    ptrdiff_t channels = g->channels;
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, output += channels, argmax += channels) {
            int first = 1;
            for (ptrdiff_t ky = 0; ky < g->kernel_height; ky++) {
                ptrdiff_t y = oy * g->stride_height - g->padding_height + ky;
                if (y < 0 || y >= g->input_height) continue;
                for (ptrdiff_t kx = 0; kx < g->kernel_width; kx++) {
                    ptrdiff_t x = ox * g->stride_width - g->padding_width + kx;
                    if (x < 0 || x >= g->input_width) continue;
                    const float *pixel = image + (y * g->input_width + x) * channels;
                    uint16_t tap = (uint16_t)(ky * g->kernel_width + kx);
                    if (first) {
                        for (ptrdiff_t c = 0; c < channels; c++) {
                            output[c] = pixel[c];
                            argmax[c] = tap;
                        }
                        first = 0;
                        continue;
                    }
                    _Pragma("clang loop vectorize(assume_safety)") for (ptrdiff_t c = 0; c < channels; c++) {
                        int wins = !(pixel[c] <= output[c]) && output[c] == output[c];
                        output[c] = wins ? pixel[c] : output[c];
                        argmax[c] = wins ? tap : argmax[c];
                    }
                }
            }
        }
    }
}
RK_KERNEL(max_pool, (const float *image, const rk_patch_geometry *g, float *output, uint16_t *argmax),
          (image, g, output, argmax))

// `image` holds zeros; every upstream value is added to the pixel that won.
void rk_max_pool_gradient(const float *upstream, const uint16_t *argmax, const rk_patch_geometry *g, float *image) {
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

// Pixels of the window that lie in the image; the whole window where padding counts.
static float window_weight(const rk_patch_geometry *g, ptrdiff_t y0, ptrdiff_t x0, int counts_padding) {
    if (counts_padding) return 1.0f / (float)(g->kernel_height * g->kernel_width);
    ptrdiff_t y1 = y0 + g->kernel_height, x1 = x0 + g->kernel_width;
    ptrdiff_t h = (y1 < g->input_height ? y1 : g->input_height) - (y0 > 0 ? y0 : 0);
    ptrdiff_t w = (x1 < g->input_width ? x1 : g->input_width) - (x0 > 0 ? x0 : 0);
    return 1.0f / (float)(h * w);
}

RK_BODY void average_pool_body(const float *image, const rk_patch_geometry *g, int counts_padding, float *output) {
    ptrdiff_t channels = g->channels;
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, output += channels) {
            ptrdiff_t y0 = oy * g->stride_height - g->padding_height, x0 = ox * g->stride_width - g->padding_width;
            for (ptrdiff_t c = 0; c < channels; c++) output[c] = 0;
            for (ptrdiff_t y = y0 > 0 ? y0 : 0; y < y0 + g->kernel_height && y < g->input_height; y++) {
                for (ptrdiff_t x = x0 > 0 ? x0 : 0; x < x0 + g->kernel_width && x < g->input_width; x++) {
                    const float *restrict pixel = image + (y * g->input_width + x) * channels;
                    for (ptrdiff_t c = 0; c < channels; c++) output[c] += pixel[c];
                }
            }
            float weight = window_weight(g, y0, x0, counts_padding);
            for (ptrdiff_t c = 0; c < channels; c++) output[c] *= weight;
        }
    }
}
RK_KERNEL(average_pool, (const float *image, const rk_patch_geometry *g, int counts_padding, float *output),
          (image, g, counts_padding, output))

// `image` holds zeros.
RK_BODY void average_pool_gradient_body(const float *upstream, const rk_patch_geometry *g, int counts_padding,
                                        float *image) {
    ptrdiff_t channels = g->channels;
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++, upstream += channels) {
            ptrdiff_t y0 = oy * g->stride_height - g->padding_height, x0 = ox * g->stride_width - g->padding_width;
            float weight = window_weight(g, y0, x0, counts_padding);
            for (ptrdiff_t y = y0 > 0 ? y0 : 0; y < y0 + g->kernel_height && y < g->input_height; y++) {
                for (ptrdiff_t x = x0 > 0 ? x0 : 0; x < x0 + g->kernel_width && x < g->input_width; x++) {
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

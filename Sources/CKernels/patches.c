#include "kernel.h"

#include <string.h>

// One row of `patches` per output pixel: the taps in order (kernel row, kernel column, channel), zero outside the
// image.
void rk_im2col(const float *image, const rk_patch_geometry *g, float *patches) {
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++) {
            for (ptrdiff_t ky = 0; ky < g->kernel_height; ky++) {
                ptrdiff_t y = oy * g->stride_height - g->padding_top + ky * g->dilation_height;
                if (y < 0 || y >= g->input_height) {
                    memset(patches, 0, sizeof(float) * (size_t)(g->kernel_width * g->channels));
                    patches += g->kernel_width * g->channels;
                    continue;
                }
                const float *row = image + y * g->input_width * g->pixel_stride;
                for (ptrdiff_t kx = 0; kx < g->kernel_width; kx++, patches += g->channels) {
                    ptrdiff_t x = ox * g->stride_width - g->padding_left + kx * g->dilation_width;
                    if (x < 0 || x >= g->input_width) {
                        memset(patches, 0, sizeof(float) * (size_t)g->channels);
                    } else {
                        memcpy(patches, row + x * g->pixel_stride, sizeof(float) * (size_t)g->channels);
                    }
                }
            }
        }
    }
}

// The transpose of rk_im2col: every tap is added to the pixel that it was read from.
RK_BODY void col2im_body(const float *patches, const rk_patch_geometry *g, float *image) {
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++) {
            for (ptrdiff_t ky = 0; ky < g->kernel_height; ky++) {
                ptrdiff_t y = oy * g->stride_height - g->padding_top + ky * g->dilation_height;
                for (ptrdiff_t kx = 0; kx < g->kernel_width; kx++, patches += g->channels) {
                    ptrdiff_t x = ox * g->stride_width - g->padding_left + kx * g->dilation_width;
                    if (y < 0 || y >= g->input_height || x < 0 || x >= g->input_width) continue;
                    float *restrict pixel = image + (y * g->input_width + x) * g->pixel_stride;
                    for (ptrdiff_t c = 0; c < g->channels; c++) pixel[c] += patches[c];
                }
            }
        }
    }
}
RK_KERNEL(col2im, (const float *patches, const rk_patch_geometry *g, float *image), (patches, g, image))

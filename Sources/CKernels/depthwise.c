// Depthwise convolution: each channel is convolved with a kernel of its own, so vectors hold neighbouring channels.
//
// A tile is some neighbouring pixels of one output row by a vector of channels; its sums stay in registers while the
// taps pass, and each input is read once for all pixels of the tile that it reaches. Tiles lie where every column of
// the kernel is inside the image; at the left and right edge a pixel is computed alone. Rows outside the image are left
// out. The gradient to the input is the same with other weights; that to the weights holds a kernel row's sums in
// registers over a row of the image. One source serves every vector width: depthwise_tiles.h.
#include "window.h"

// One row of the result, or its gradient.
typedef struct {
    const rk_depthwise_geometry *g;
    const float *input;    // the first row of the image that a tap reads
    const float *weights;  // the first row of the kernel that is inside the image
    ptrdiff_t rows;        // of the kernel that are inside the image
} depthwise_row;

// The row of the result from `output` on.
typedef void (*forward_function)(depthwise_row r, const rk_epilogue *e, ptrdiff_t place, float *output);
// Adds to dw [kernel_height, kernel_width, channels], where its first row is that of r.weights.
typedef void (*weight_function)(depthwise_row r, const float *dy, float *dw);

typedef struct {
    ptrdiff_t lanes;
    forward_function forward;
    weight_function weight;
} depthwise_kernels;

#define RK_TILES "depthwise_tiles.h"
#include "each_level.h"

// Vectors as wide as the level in use has them and the channels fill: the last one may overlap the one before.
static const depthwise_kernels *kernels_for(ptrdiff_t channels) {
    for (ptrdiff_t lanes = 16; lanes > 1; lanes /= 2) {
        if (channels < lanes) continue;
        const depthwise_kernels *kernels = RK_LEVEL_FOR(lanes);
        if (kernels && kernels->lanes == lanes) return kernels;
    }
    return &kernels_scalar;
}

static depthwise_row row_at(const float *image, const rk_depthwise_geometry *g, const float *weights, ptrdiff_t oy) {
    rk_window_axis y = rk_window_at(oy * g->stride_height - g->top, g->kernel_height, g->dilation_height, g->height, 0);
    ptrdiff_t line = g->kernel_width * g->channels;
    if (y.count <= 0) return (depthwise_row){g, image, weights, 0};
    return (depthwise_row){g, image + y.first * g->width * g->channels, weights + y.tap * line, y.count};
}

void rk_depthwise_forward(const float *image, const rk_depthwise_geometry *g, ptrdiff_t first, ptrdiff_t rows,
                          const float *weights, const rk_epilogue *epilogue, float *output) {
    forward_function forward = kernels_for(g->channels)->forward;
    for (ptrdiff_t oy = first; oy < first + rows; oy++) {
        forward(row_at(image, g, weights, oy), epilogue, oy * g->output_row, output);
    }
}

void rk_depthwise_weight_gradient(const float *image, const rk_depthwise_geometry *g, const float *upstream,
                                  float *gradient) {
    weight_function weight = kernels_for(g->channels)->weight;
    for (ptrdiff_t oy = 0; oy < g->output_height; oy++) {
        depthwise_row r = row_at(image, g, gradient, oy);
        if (r.rows > 0) weight(r, upstream + oy * g->output_row, gradient + (r.weights - gradient));
    }
}

RK_BODY void repeat_channels_body(const float *x, size_t count, ptrdiff_t times, float *out) {
    for (size_t i = 0; i < count; i++) {
        for (ptrdiff_t t = 0; t < times; t++) *out++ = x[i];
    }
}
RK_KERNEL(repeat_channels, (const float *x, size_t count, ptrdiff_t times, float *out), (x, count, times, out))

RK_BODY void sum_repeated_channels_body(const float *x, size_t count, ptrdiff_t times, float *out) {
    for (size_t i = 0; i < count; i++, x += times) {
        float sum = x[0];
        for (ptrdiff_t t = 1; t < times; t++) sum += x[t];
        out[i] = sum;
    }
}
RK_KERNEL(sum_repeated_channels, (const float *x, size_t count, ptrdiff_t times, float *out), (x, count, times, out))

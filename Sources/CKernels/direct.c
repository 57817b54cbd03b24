// Convolution without patches: a tile of output pixels × output channels stays in registers while the taps stream past.
//
// The tile is P pixels of one output row by V vectors of channels; for each tap, V vectors of weights are loaded and
// each of the P inputs is broadcast. The gradient to the weights turns that around: M taps × V vectors of channels stay
// in registers over all pixels of an image. One source serves every vector width: direct_tiles.h.
#include "kernel.h"

#include <string.h>

void rk_pad(const float *image, const rk_direct_geometry *g, ptrdiff_t height, ptrdiff_t width, ptrdiff_t top,
            ptrdiff_t left, float *padded) {
    ptrdiff_t c = g->channels;
    ptrdiff_t row_length = g->padded_width * c;
    ptrdiff_t right = g->padded_width - left - width;
    if (right < 0) right = 0;
    ptrdiff_t copied = g->padded_width - left - right;
    for (ptrdiff_t y = 0; y < g->padded_height; y++, padded += row_length) {
        ptrdiff_t from = y - top;
        if (from < 0 || from >= height) {
            memset(padded, 0, sizeof(float) * (size_t)row_length);
            continue;
        }
        memset(padded, 0, sizeof(float) * (size_t)(left * c));
        memcpy(padded + left * c, image + from * width * c, sizeof(float) * (size_t)(copied * c));
        memset(padded + (left + copied) * c, 0, sizeof(float) * (size_t)(right * c));
    }
}

void rk_pack_direct(const float *weights, ptrdiff_t taps, ptrdiff_t outputs, ptrdiff_t block, float *packed) {
    for (ptrdiff_t k = 0; k < outputs; k += block) {
        for (ptrdiff_t t = 0; t < taps; t++, packed += block) {
            memcpy(packed, weights + t * outputs + k, sizeof(float) * (size_t)block);
        }
    }
}

void rk_flip_weights(const float *weights, ptrdiff_t places, ptrdiff_t inputs, ptrdiff_t outputs, float *flipped) {
    for (ptrdiff_t place = 0; place < places; place++) {
        const float *from = weights + (places - 1 - place) * inputs * outputs;
        float *to = flipped + place * inputs * outputs;
        for (ptrdiff_t c = 0; c < inputs; c++) {
            for (ptrdiff_t k = 0; k < outputs; k++) to[k * inputs + c] = from[c * outputs + k];
        }
    }
}

typedef void (*forward_function)(const float *x, const rk_direct_geometry *g, const float *w, const rk_epilogue *e,
                                 ptrdiff_t channel, ptrdiff_t place, float *y);
typedef void (*weight_function)(const float *x, const rk_direct_geometry *g, const float *dy, float *dw);

// Tiles of size n, from 1 to `largest`, are at [n - 1][vectors - 1]. The stems do 3×3 kernels over 1 and 3 channels at
// once, for one vector of output channels; NULL where there are too few registers.
typedef struct {
    ptrdiff_t lanes, largest;
    forward_function forward[14][2];
    weight_function weight[14][2];
    weight_function stem_1, stem_3;
} direct_kernels;

// Products that are summed one by one before the next block begins: an error grows with the root of the longest row of
// additions.
enum { SUMMED = 64 };

#define RK_TILES "direct_tiles.h"
#include "each_level.h"

static ptrdiff_t vectors_for(const direct_kernels *kernels, ptrdiff_t outputs) {
    return outputs % (2 * kernels->lanes) ? 1 : 2;
}

ptrdiff_t rk_direct_block(ptrdiff_t outputs) {
    const direct_kernels *kernels = RK_LEVEL_FOR(outputs);
    return kernels ? kernels->lanes * vectors_for(kernels, outputs) : 0;
}

// Tile i of n that split `length` as evenly as it goes.
static ptrdiff_t cut(ptrdiff_t length, ptrdiff_t i, ptrdiff_t n) { return i * length / n; }

void rk_direct_forward(const float *padded, const rk_direct_geometry *g, const float *packed,
                       const rk_epilogue *epilogue, float *output) {
    const direct_kernels *kernels = RK_LEVEL_FOR(g->output_channels);
    ptrdiff_t vectors = vectors_for(kernels, g->output_channels), block = vectors * kernels->lanes;
    ptrdiff_t count = rk_blocks(g->output_width, kernels->largest);
    ptrdiff_t taps = g->kernel_height * g->kernel_width * g->channels;
    for (ptrdiff_t k = 0; k < g->output_channels; k += block) {
        for (ptrdiff_t i = 0; i < g->output_height; i++) {
            const float *row = padded + i * g->stride_height * g->padded_width * g->channels;
            for (ptrdiff_t tile = 0; tile < count; tile++) {
                ptrdiff_t first = cut(g->output_width, tile, count);
                ptrdiff_t pixels = cut(g->output_width, tile + 1, count) - first;
                kernels->forward[pixels - 1][vectors - 1](
                    row + first * g->stride_width * g->channels, g, packed + k * taps, epilogue, k,
                    i * g->output_row + first * g->output_pixel, output);
            }
        }
    }
}

void rk_direct_weight_gradient(const float *padded, const rk_direct_geometry *g, const float *upstream,
                               float *gradient) {
    const direct_kernels *kernels = RK_LEVEL_FOR(g->output_channels);
    ptrdiff_t vectors = vectors_for(kernels, g->output_channels), block = vectors * kernels->lanes;
    if (g->kernel_height == 3 && g->kernel_width == 3) {
        weight_function stem = g->channels == 1 ? kernels->stem_1 : g->channels == 3 ? kernels->stem_3 : NULL;
        for (ptrdiff_t k = 0; stem && k < g->output_channels; k += kernels->lanes) stem(padded, g, upstream + k, gradient + k);
        if (stem) return;
    }
    ptrdiff_t length = g->kernel_width * g->channels, count = rk_blocks(length, kernels->largest);
    for (ptrdiff_t r = 0; r < g->kernel_height; r++) {
        const float *row = padded + r * g->padded_width * g->channels;
        for (ptrdiff_t tile = 0; tile < count; tile++) {
            ptrdiff_t first = cut(length, tile, count), taps = cut(length, tile + 1, count) - first;
            for (ptrdiff_t k = 0; k < g->output_channels; k += block) {
                kernels->weight[taps - 1][vectors - 1](
                    row + first, g, upstream + k, gradient + (r * length + first) * g->output_channels + k);
            }
        }
    }
}

// 3×3 convolution of stride 1 with a quarter of the multiplications (Winograd 1980; Lavin and Gray, arXiv 1509.09308):
// 4×4 pixels of the result come from 36 products instead of 144. Here in panels of patches that the second-level cache
// holds: patches in, 36 matrix products, patches out.
#include "winograd_places.h"

#include <string.h>

#define SQRT_EIGHTH 0.35355339059327379f
#define SQRT_HALF 0.70710678118654752f
#define SQRT_TWO 1.41421356237309505f
#define SQRT_EIGHT 2.82842712474619010f

// The rows of a patch, each from its first pixel inside the image on, and the columns that are inside: left ≤ column <
// right. A row outside the image is one of zeros.
typedef struct {
    const float *rows[6];
    ptrdiff_t left, right;
} tile_source;

// The patch with `side` rows and columns of an image, from (y, x) on.
RK_BODY tile_source source_at(const float *image, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t y,
                              ptrdiff_t x, const ptrdiff_t side, const float *zeros) {
    tile_source source = {.left = x < 0 ? -x : 0, .right = x + side > width ? width - x : side};
    const float *first = image + (x + source.left) * channels;
    RK_UNROLL for (ptrdiff_t i = 0; i < side; i++) {
        source.rows[i] = y + i < 0 || y + i >= height ? zeros : first + (y + i) * width * channels;
    }
    return source;
}

static tile_source input_source(const float *x, const rk_winograd_geometry *g, ptrdiff_t tile, const float *zeros) {
    tile_place at = tile_at(g, tile);
    return source_at(x + at.image * g->height * g->width * g->channels, g->height, g->width, g->channels, at.y - g->top,
                     at.x - g->left, 6, zeros);
}

static tile_source upstream_source(const float *dy, const rk_winograd_geometry *g, ptrdiff_t tile, const float *zeros) {
    tile_place at = tile_at(g, tile);
    return source_at(dy + at.image * g->output_height * g->output_width * g->output_channels, g->output_height,
                     g->output_width, g->output_channels, at.y, at.x, 4, zeros);
}

// Patches that go through together: as many as leave the second-level cache room for the weights, cut evenly.
enum { CACHED_FLOATS = 1 << 16, LARGEST_PANEL = 28, SMALLEST_PANEL = 14 };

static ptrdiff_t largest_panel(const rk_winograd_geometry *g) {
    ptrdiff_t fits = CACHED_FLOATS / (36 * (g->channels + g->output_channels));
    return fits > LARGEST_PANEL ? LARGEST_PANEL : fits < SMALLEST_PANEL ? SMALLEST_PANEL : fits;
}

static ptrdiff_t panel_size(const rk_winograd_geometry *g, ptrdiff_t count) {
    ptrdiff_t panels = rk_blocks(count, largest_panel(g));
    return panels > 0 ? rk_blocks(count, panels) : 0;
}

// From one of a panel's 36 matrices [tiles, channels] to the next: an odd number of cache lines, so that a patch's 36
// places are in 36 sets of the first-level cache. (28 × 32 floats put them all into 8; that took twice the time.)
static ptrdiff_t matrix_size(ptrdiff_t tiles, ptrdiff_t channels) { return (rk_blocks(tiles * channels, 16) | 1) * 16; }

size_t rk_winograd_workspace(const rk_winograd_geometry *g) {
    ptrdiff_t c = g->channels, k = g->output_channels;
    ptrdiff_t panel = largest_panel(g);
    return (size_t)(6 * (c > k ? c : k) + 36 * (matrix_size(panel, c) + matrix_size(panel, k)));
}

ptrdiff_t rk_winograd_tiles(const rk_winograd_geometry *g) {
    return rk_blocks(g->output_height, 4) * rk_blocks(g->output_width, 4);
}

typedef struct {
    ptrdiff_t lanes;
    void (*forward)(const float *, const rk_winograd_geometry *, ptrdiff_t, ptrdiff_t, const float *,
                    const rk_epilogue *, float *, float *);
    void (*weight_gradient)(const float *, const float *, const rk_winograd_geometry *, ptrdiff_t, ptrdiff_t, float *,
                            float *);
    void (*weights)(const float *, ptrdiff_t, ptrdiff_t, ptrdiff_t, float *);
    void (*gradient_of_weights)(const float *, ptrdiff_t, float *);
} winograd_kernels;

// A row of zeros, as long as a patch's, at the workspace's beginning; what follows it.
static float *after_zeros(float *workspace, const rk_winograd_geometry *g) {
    ptrdiff_t length = 6 * (g->channels > g->output_channels ? g->channels : g->output_channels);
    memset(workspace, 0, sizeof(float) * (size_t)length);
    return workspace + length;
}

// Channels whose products are added to one sum: rounding errors grow with the root of a sum's length. Up to 64 channels
// are one sum, as two cost such layers 2.5 % of their speed; wider ones are cut into sums of 32.
static ptrdiff_t summed_channels(ptrdiff_t channels) { return channels > 64 ? 32 : channels; }

#define TILE_PARAMETERS                                                                                       \
    const float *v, ptrdiff_t stride, ptrdiff_t channels, const float *u, float *m, ptrdiff_t outputs, int adds
#define TILE_ARGUMENTS v, stride, channels, u, m, outputs, adds
typedef void (*product_function)(TILE_PARAMETERS);

#define RK_TILES "winograd_tiles.h"
#include "each_level.h"

// The inner axis of the way there is the outer one of the way back: vectors divide both.
static const winograd_kernels *kernels_for(ptrdiff_t channels, ptrdiff_t outputs) {
    return RK_LEVEL_FOR(channels | outputs);
}

ptrdiff_t rk_winograd_block(ptrdiff_t channels, ptrdiff_t outputs) {
    const winograd_kernels *kernels = kernels_for(channels, outputs);
    if (kernels == NULL) return 0;
    return outputs % (2 * kernels->lanes) ? kernels->lanes : 2 * kernels->lanes;
}

void rk_winograd_weights(const float *weights, ptrdiff_t channels, ptrdiff_t outputs, ptrdiff_t block, float *u) {
    kernels_for(channels, outputs)->weights(weights, channels, outputs, block, u);
}

void rk_winograd_gradient_of_weights(const float *du, ptrdiff_t channels, ptrdiff_t outputs, float *dw) {
    kernels_for(channels, outputs)->gradient_of_weights(du, channels * outputs, dw);
}

void rk_winograd_forward(const float *x, const rk_winograd_geometry *g, ptrdiff_t first, ptrdiff_t count,
                         const float *u, const rk_epilogue *epilogue, float *output, float *workspace) {
    kernels_for(g->channels, g->output_channels)->forward(x, g, first, count, u, epilogue, output, workspace);
}

void rk_winograd_weight_gradient(const float *x, const float *upstream, const rk_winograd_geometry *g, ptrdiff_t first,
                                 ptrdiff_t count, float *du, float *workspace) {
    kernels_for(g->channels, g->output_channels)->weight_gradient(x, upstream, g, first, count, du, workspace);
}

// 3×3 convolution of stride 1 of uint8 by int8 with a quarter of the multiplications, exact: Winograd's F(4×4, 3×3) in integers
// (Winograd 1980; Lavin and Gray, arXiv 1509.09308), with the points 0, ±1, ±2 and ∞.
//
// Patches d[6][6] become V = Bᵀ d B, weights U = G w Gᵀ, their products M over channels A Mᵀ A:
//
//        4  0 -5  0  1  0         6  0  0          1  4  4  1  1  0    24
//        0 -4 -4  1  1  0        -1 -1 -1     Aᵀ = 0  2 -2  1 -1  0    12
//   Bᵀ = 0  4 -4 -1  1  0    G = -1  1 -1          0  1  1  1  1  0     6
//        0 -2 -1  2  1  0         1  2  4          0  1 -1  2 -2  1     6
//        0  2 -1 -2  1  0         1 -2  4
//        0  4  0 -5  0  1         0  0  6
//
// No fraction is left out: each row of G has the factor that makes it whole, and row i of the result comes out times
// the number beside Aᵀ. So pixel (i, j) is 9 · 2ᵉ · sum with e ≤ 6. |V| ≤ 68 · 255 and |U| ≤ 49 · 127 fit 16 bits. M
// does not fit 32, and need not: everything after it is addition and doubling modulo 2³². The inverse of 9 modulo 2³²
// leaves 2ᵉ · sum, which is exact for |sum| < 2²⁵; 2ᵉ goes into the multiplier that follows, without a rounding (but
// for multipliers below 2⁻¹²⁰, whose products are 0 to a byte).
//
// A number at the point (1, 1) reaches each pixel as a 36th of that pixel's factor: so a bias is 36 · bias there.
#include "integer.h"
#include "winograd_places.h"

#include <string.h>

enum { BLOCK = RK_INTEGER_BLOCK, PLACES = 36, BIASED = 1 * 6 + 1 };

int rk_integer_winograd_fits(rk_simd_level level, ptrdiff_t channels, ptrdiff_t outputs) {
    return level >= RK_SIMD_AVX2 && channels % (BLOCK / 2) == 0 && outputs % (BLOCK / 2) == 0;
}

// Channels in whole blocks.
static ptrdiff_t in_blocks(ptrdiff_t channels) { return rk_blocks(channels, BLOCK) * BLOCK; }

size_t rk_integer_winograd_weights_size(ptrdiff_t channels, ptrdiff_t outputs) {
    return (size_t)(PLACES * channels * in_blocks(outputs));
}

// G: three numbers to six.
static void weight_line(const int32_t w[3], int32_t u[6]) {
    u[0] = 6 * w[0];
    u[1] = -w[0] - w[1] - w[2];
    u[2] = -w[0] + w[1] - w[2];
    u[3] = w[0] + 2 * w[1] + 4 * w[2];
    u[4] = w[0] - 2 * w[1] + 4 * w[2];
    u[5] = 6 * w[2];
}

void rk_integer_winograd_weights(const int8_t *weights, ptrdiff_t channels, ptrdiff_t outputs, int16_t *u) {
    ptrdiff_t matrix = channels * in_blocks(outputs);
    memset(u, 0, rk_integer_winograd_weights_size(channels, outputs) * sizeof *u);
    for (ptrdiff_t c = 0; c < channels; c++) {
        for (ptrdiff_t k = 0; k < outputs; k++) {
            int32_t lines[3][6], line[3], result[6];
            for (int j = 0; j < 3; j++) {
                for (int i = 0; i < 3; i++) line[i] = weights[((i * 3 + j) * channels + c) * outputs + k];
                weight_line(line, lines[j]);
            }
            int16_t *to = u + ((k / BLOCK * (channels / 2) + c / 2) * BLOCK + k % BLOCK) * 2 + c % 2;
            for (int i = 0; i < 6; i++) {
                for (int j = 0; j < 3; j++) line[j] = lines[j][i];
                weight_line(line, result);
                for (int j = 0; j < 6; j++) to[(i * 6 + j) * matrix] = (int16_t)result[j];
            }
        }
    }
}

// ---- workspace ------------------------------------------------------------------------------------------------------

// Patches that go through together are a panel: two of AVX2's tiles, or as few as leave the second-level cache room for
// the weights. A strip is the output channels whose products are computed together.
enum { LARGEST_PANEL = 12, SMALLEST_PANEL = 6, CACHED_BYTES = 1 << 17, STRIP = 2 * BLOCK };

// Transformed patches are [channels / 16, 36, panel, 16], their products [36, panel, strip]. From one of the 36 to the
// next it is an odd number of cache lines, so that a patch's 36 places are in as many sets of the first-level cache.
enum {
    V_MATRIX = LARGEST_PANEL * BLOCK + 32,  // 7 lines
    V_BLOCK = PLACES * V_MATRIX,
    M_MATRIX = LARGEST_PANEL * STRIP + 16,  // 25 lines
};

ptrdiff_t rk_integer_winograd_panel(ptrdiff_t channels) {
    ptrdiff_t fits = CACHED_BYTES / (PLACES * 2 * channels);
    return fits > LARGEST_PANEL ? LARGEST_PANEL : fits < SMALLEST_PANEL ? SMALLEST_PANEL : fits;
}

// Factors of the multipliers: 2⁻² ... 2⁻⁶.
enum { FACTORS = 5, LARGEST_FACTOR = 2 };

// Where in the workspace stands what, in bytes, each at the begin of a cache line.
typedef struct {
    ptrdiff_t outside;      // a row of zero points, [6, channels]
    ptrdiff_t biased;       // 36 times the bias, [channels in blocks]
    ptrdiff_t zeros;        // what the sums of other places start with, [a strip]
    ptrdiff_t multipliers;  // [FACTORS, channels in blocks]
    ptrdiff_t v, m;         // patches and products
    ptrdiff_t size;
} workspace_layout;

static workspace_layout layout_of(const rk_winograd_geometry *g) {
    ptrdiff_t outputs = in_blocks(g->output_channels) * 4, channels = in_blocks(g->channels);
    workspace_layout at = {.biased = rk_blocks(6 * g->channels, 64) * 64};
    at.zeros = at.biased + outputs;
    at.multipliers = at.zeros + STRIP * 4;
    at.v = at.multipliers + FACTORS * outputs;
    at.m = at.v + channels / BLOCK * V_BLOCK * 2;
    at.size = at.m + PLACES * M_MATRIX * 4;
    return at;
}

size_t rk_integer_winograd_workspace(const rk_winograd_geometry *g) {
    return (size_t)layout_of(g).size / sizeof(int32_t);
}

// Writes what does not depend on the patches.
static void prepare(const rk_integer_winograd *p, const rk_requantization *q, const workspace_layout *at,
                    uint8_t *workspace) {
    ptrdiff_t count = p->geometry.output_channels, outputs = in_blocks(count);
    int32_t *biased = (int32_t *)(workspace + at->biased);
    float *multipliers = (float *)(workspace + at->multipliers);
    memset(workspace + at->outside, p->input_zero, (size_t)(6 * p->geometry.channels));
    memset(workspace + at->zeros, 0, STRIP * sizeof(int32_t));
    for (ptrdiff_t k = 0; k < outputs; k++) {
        biased[k] = k < count ? (int32_t)(36u * (uint32_t)p->bias[k]) : 0;
        for (int i = 0; i < FACTORS; i++) {
            multipliers[i * outputs + k] = k < count ? q->multiplier[k] / (float)(1 << (LARGEST_FACTOR + i)) : 0;
        }
    }
}

// ---- patches --------------------------------------------------------------------------------------------------------

// The rows of a patch, each from its first pixel inside the image on, and the columns that are inside: left ≤ column <
// right. A row outside the image is one of zero points.
typedef struct {
    const uint8_t *rows[6];
    ptrdiff_t left, right;
} tile_source;

static tile_place next_tile(const rk_winograd_geometry *g, tile_place at) {
    at.x += 4;
    if (at.x < g->output_width) return at;
    at = (tile_place){at.image, at.y + 4, 0};
    return at.y < g->output_height ? at : (tile_place){at.image + 1, 0, 0};
}

static tile_source source_of(const uint8_t *x, const rk_winograd_geometry *g, tile_place at, const uint8_t *outside) {
    ptrdiff_t y0 = at.y - g->top, x0 = at.x - g->left, row = g->width * g->channels;
    tile_source source = {.left = x0 < 0 ? -x0 : 0, .right = x0 + 6 > g->width ? g->width - x0 : 6};
    const uint8_t *image = x + at.image * g->height * row;
    for (ptrdiff_t i = 0; i < 6; i++) {
        int is_inside = y0 + i >= 0 && y0 + i < g->height && source.left < source.right;
        source.rows[i] = is_inside ? image + (y0 + i) * row + (x0 + source.left) * g->channels : outside;
    }
    return source;
}

// A panel's products on their way to bytes.
typedef struct {
    const rk_winograd_geometry *geometry;
    const rk_requantization *requantization;
    const float *multipliers[FACTORS];
    uint8_t *output;
    ptrdiff_t channel, width;  // of the strip
} panel_output;

// ---- the levels -----------------------------------------------------------------------------------------------------

#if defined(__x86_64__)
#define TILE_PARAMETERS const int16_t *v, ptrdiff_t channels, const int16_t *u, const int32_t *start, int32_t *m
#define TILE_ARGUMENTS v, channels, u, start, m
typedef void (*product_function)(TILE_PARAMETERS);

// 9 · this = 1 modulo 2³².
#define INVERSE_OF_9 954437177u

RK_BODY int32_t two_at(const int16_t *p) {
    int32_t two;
    memcpy(&two, p, sizeof two);
    return two;
}

#define RK_TILES "integer_winograd_tiles.h"
#include "each_integer_level.h"

void rk_integer_winograd_to_bytes(rk_simd_level level, const rk_integer_winograd *p, ptrdiff_t first, ptrdiff_t count,
                                  const rk_requantization *q, uint8_t *output, int32_t *workspace) {
    if (count == 0) return;
    int fit_half = rk_fit_half(p->geometry.output_channels);
    uint8_t *bytes = (uint8_t *)workspace;
    switch (level) {
    case RK_SIMD_AVX512VNNI:
        (fit_half ? forward_vnni256 : forward_vnni)(p, first, count, q, output, bytes);
        return;
    case RK_SIMD_AVX512: (fit_half ? forward_avx2 : forward_avx512)(p, first, count, q, output, bytes); return;
    default: forward_avx2(p, first, count, q, output, bytes); return;
    }
}
#else
void rk_integer_winograd_to_bytes(rk_simd_level level, const rk_integer_winograd *p, ptrdiff_t first, ptrdiff_t count,
                                  const rk_requantization *q, uint8_t *output, int32_t *workspace) {}
#endif

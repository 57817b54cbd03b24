// Convolution without patches: a tile of output pixels × output channels stays in registers while the taps stream past.
//
// The tile is P pixels of one output row by V vectors of channels; for each tap, V vectors of weights are loaded and
// each of the P inputs is broadcast. The gradient to the weights turns that around: M taps × V vectors of channels stay
// in registers over all pixels of an image. One source serves every vector width.
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

typedef void (*forward_tile)(const float *x, const rk_direct_geometry *g, const float *w, const float *bias, float *y);
typedef void (*weight_tile)(const float *x, const rk_direct_geometry *g, const float *dy, float *dw);

#define UNROLL _Pragma("clang loop unroll(full)")

#define FORWARD_TILE(SET, TARGET, VEC, P, V)                                                             \
    TARGET static void forward_##SET##_##P##x##V(                                                        \
        const float *x, const rk_direct_geometry *g, const float *w, const float *bias, float *y) {      \
        enum { lanes = sizeof(VEC) / sizeof(float) };                                                    \
        VEC sum[P][V];                                                                                   \
        UNROLL for (int v = 0; v < V; v++) {                                                             \
            VEC start = bias ? *(const VEC *)(bias + v * lanes) : (VEC){0};                              \
            UNROLL for (int p = 0; p < P; p++) sum[p][v] = start;                                        \
        }                                                                                                \
        ptrdiff_t step = g->stride_width * g->channels, length = g->kernel_width * g->channels;          \
        for (ptrdiff_t r = 0; r < g->kernel_height; r++, x += g->padded_width * g->channels) {           \
            for (ptrdiff_t t = 0; t < length; t++, w += V * lanes) {                                     \
                VEC weight[V];                                                                           \
                UNROLL for (int v = 0; v < V; v++) weight[v] = *(const VEC *)(w + v * lanes);            \
                UNROLL for (int p = 0; p < P; p++) {                                                     \
                    float input = x[p * step + t];                                                       \
                    UNROLL for (int v = 0; v < V; v++) sum[p][v] += weight[v] * input;                   \
                }                                                                                        \
            }                                                                                            \
        }                                                                                                \
        UNROLL for (int p = 0; p < P; p++) {                                                             \
            UNROLL for (int v = 0; v < V; v++) *(VEC *)(y + p * g->output_channels + v * lanes) = sum[p][v]; \
        }                                                                                                \
    }

#define WEIGHT_TILE(SET, TARGET, VEC, M, V)                                                              \
    TARGET static void weight_##SET##_##M##x##V(                                                         \
        const float *x, const rk_direct_geometry *g, const float *dy, float *dw) {                       \
        enum { lanes = sizeof(VEC) / sizeof(float) };                                                    \
        VEC sum[M][V];                                                                                   \
        UNROLL for (int m = 0; m < M; m++) { UNROLL for (int v = 0; v < V; v++) sum[m][v] = (VEC){0}; }  \
        ptrdiff_t step = g->stride_width * g->channels;                                                  \
        for (ptrdiff_t i = 0; i < g->output_height; i++) {                                               \
            const float *from = x + i * g->stride_height * g->padded_width * g->channels;                \
            for (ptrdiff_t j = 0; j < g->output_width; j++, from += step, dy += g->output_channels) {    \
                VEC up[V];                                                                               \
                UNROLL for (int v = 0; v < V; v++) up[v] = *(const VEC *)(dy + v * lanes);               \
                UNROLL for (int m = 0; m < M; m++) {                                                     \
                    float input = from[m];                                                               \
                    UNROLL for (int v = 0; v < V; v++) sum[m][v] += up[v] * input;                       \
                }                                                                                        \
            }                                                                                            \
        }                                                                                                \
        UNROLL for (int m = 0; m < M; m++) {                                                             \
            UNROLL for (int v = 0; v < V; v++) *(VEC *)(dw + m * g->output_channels + v * lanes) += sum[m][v]; \
        }                                                                                                \
    }

#define TILES_1_TO_4(KIND, SET, TARGET, VEC, V) \
    KIND(SET, TARGET, VEC, 1, V) KIND(SET, TARGET, VEC, 2, V) KIND(SET, TARGET, VEC, 3, V) KIND(SET, TARGET, VEC, 4, V)
#define TILES_5_TO_6(KIND, SET, TARGET, VEC, V) KIND(SET, TARGET, VEC, 5, V) KIND(SET, TARGET, VEC, 6, V)
#define TILES_7_TO_14(KIND, SET, TARGET, VEC, V)                                \
    KIND(SET, TARGET, VEC, 7, V) KIND(SET, TARGET, VEC, 8, V)                   \
    KIND(SET, TARGET, VEC, 9, V) KIND(SET, TARGET, VEC, 10, V)                  \
    KIND(SET, TARGET, VEC, 11, V) KIND(SET, TARGET, VEC, 12, V)                 \
    KIND(SET, TARGET, VEC, 13, V) KIND(SET, TARGET, VEC, 14, V)
#define NAMES_1_TO_6(PREFIX, V) \
    PREFIX##_1x##V, PREFIX##_2x##V, PREFIX##_3x##V, PREFIX##_4x##V, PREFIX##_5x##V, PREFIX##_6x##V
#define NAMES_7_TO_14(PREFIX, V)                                                         \
    PREFIX##_7x##V, PREFIX##_8x##V, PREFIX##_9x##V, PREFIX##_10x##V, PREFIX##_11x##V,    \
        PREFIX##_12x##V, PREFIX##_13x##V, PREFIX##_14x##V

// Tiles for one vector width: those of size n, from 1 to `largest`, are at [vectors - 1][n - 1].
typedef struct {
    ptrdiff_t lanes;
    ptrdiff_t largest;
    forward_tile forward[2][14];
    weight_tile weight[2][14];
} tile_set;

#define SMALL_SET(SET, TARGET, VEC)                                                                     \
    TILES_1_TO_4(FORWARD_TILE, SET, TARGET, VEC, 1) TILES_1_TO_4(FORWARD_TILE, SET, TARGET, VEC, 2)     \
    TILES_5_TO_6(FORWARD_TILE, SET, TARGET, VEC, 1) TILES_5_TO_6(FORWARD_TILE, SET, TARGET, VEC, 2)     \
    TILES_1_TO_4(WEIGHT_TILE, SET, TARGET, VEC, 1) TILES_1_TO_4(WEIGHT_TILE, SET, TARGET, VEC, 2)       \
    TILES_5_TO_6(WEIGHT_TILE, SET, TARGET, VEC, 1) TILES_5_TO_6(WEIGHT_TILE, SET, TARGET, VEC, 2)

#if defined(__x86_64__)
typedef float vector16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef float vector8 __attribute__((vector_size(32), aligned(4), may_alias));
SMALL_SET(avx2, RK_AVX2, vector8)
SMALL_SET(avx512, RK_AVX512, vector16)
TILES_7_TO_14(FORWARD_TILE, avx512, RK_AVX512, vector16, 1) TILES_7_TO_14(FORWARD_TILE, avx512, RK_AVX512, vector16, 2)
TILES_7_TO_14(WEIGHT_TILE, avx512, RK_AVX512, vector16, 1) TILES_7_TO_14(WEIGHT_TILE, avx512, RK_AVX512, vector16, 2)
// 12 sums, 2 weights and the input fit AVX2's 16 registers.
static const tile_set avx2_tiles = {
    8, 6, {{NAMES_1_TO_6(forward_avx2, 1)}, {NAMES_1_TO_6(forward_avx2, 2)}},
    {{NAMES_1_TO_6(weight_avx2, 1)}, {NAMES_1_TO_6(weight_avx2, 2)}},
};
// 28 sums and 2 weights fit AVX-512's 32; inputs are broadcast from memory.
static const tile_set avx512_tiles = {
    16, 14,
    {{NAMES_1_TO_6(forward_avx512, 1), NAMES_7_TO_14(forward_avx512, 1)},
     {NAMES_1_TO_6(forward_avx512, 2), NAMES_7_TO_14(forward_avx512, 2)}},
    {{NAMES_1_TO_6(weight_avx512, 1), NAMES_7_TO_14(weight_avx512, 1)},
     {NAMES_1_TO_6(weight_avx512, 2), NAMES_7_TO_14(weight_avx512, 2)}},
};
#elif defined(__aarch64__)
typedef float vector4 __attribute__((vector_size(16), aligned(4), may_alias));
SMALL_SET(neon, , vector4)
static const tile_set neon_tiles = {
    4, 6, {{NAMES_1_TO_6(forward_neon, 1)}, {NAMES_1_TO_6(forward_neon, 2)}},
    {{NAMES_1_TO_6(weight_neon, 1)}, {NAMES_1_TO_6(weight_neon, 2)}},
};
#endif

// The widest set whose vectors divide the channels; NULL if there is none.
static const tile_set *tiles_for(ptrdiff_t outputs) {
#if defined(__x86_64__)
    rk_simd_level level = rk_simd_active();
    if (level >= RK_SIMD_AVX512 && outputs % 16 == 0) return &avx512_tiles;
    if (level >= RK_SIMD_AVX2 && outputs % 8 == 0) return &avx2_tiles;
#elif defined(__aarch64__)
    if (rk_simd_active() == RK_SIMD_NEON && outputs % 4 == 0) return &neon_tiles;
#else
    (void)outputs;
#endif
    return NULL;
}

static ptrdiff_t vectors_for(const tile_set *tiles, ptrdiff_t outputs) { return outputs % (2 * tiles->lanes) ? 1 : 2; }

ptrdiff_t rk_direct_block(ptrdiff_t outputs) {
    const tile_set *tiles = tiles_for(outputs);
    return tiles ? tiles->lanes * vectors_for(tiles, outputs) : 0;
}

// Tile i of n that split `length` as evenly as it goes.
static ptrdiff_t cut(ptrdiff_t length, ptrdiff_t i, ptrdiff_t n) { return i * length / n; }

void rk_direct_forward(const float *padded, const rk_direct_geometry *g, const float *packed, const float *bias,
                       float *output) {
    const tile_set *tiles = tiles_for(g->output_channels);
    ptrdiff_t vectors = vectors_for(tiles, g->output_channels), block = vectors * tiles->lanes;
    ptrdiff_t count = (g->output_width + tiles->largest - 1) / tiles->largest;
    ptrdiff_t taps = g->kernel_height * g->kernel_width * g->channels;
    for (ptrdiff_t k = 0; k < g->output_channels; k += block) {
        for (ptrdiff_t i = 0; i < g->output_height; i++) {
            const float *row = padded + i * g->stride_height * g->padded_width * g->channels;
            float *to = output + i * g->output_width * g->output_channels + k;
            for (ptrdiff_t tile = 0; tile < count; tile++) {
                ptrdiff_t first = cut(g->output_width, tile, count);
                ptrdiff_t pixels = cut(g->output_width, tile + 1, count) - first;
                tiles->forward[vectors - 1][pixels - 1](
                    row + first * g->stride_width * g->channels, g, packed + k * taps, bias ? bias + k : NULL,
                    to + first * g->output_channels);
            }
        }
    }
}

void rk_direct_weight_gradient(const float *padded, const rk_direct_geometry *g, const float *upstream,
                               float *gradient) {
    const tile_set *tiles = tiles_for(g->output_channels);
    ptrdiff_t vectors = vectors_for(tiles, g->output_channels), block = vectors * tiles->lanes;
    ptrdiff_t length = g->kernel_width * g->channels, count = (length + tiles->largest - 1) / tiles->largest;
    for (ptrdiff_t r = 0; r < g->kernel_height; r++) {
        const float *row = padded + r * g->padded_width * g->channels;
        for (ptrdiff_t tile = 0; tile < count; tile++) {
            ptrdiff_t first = cut(length, tile, count), taps = cut(length, tile + 1, count) - first;
            for (ptrdiff_t k = 0; k < g->output_channels; k += block) {
                tiles->weight[vectors - 1][taps - 1](
                    row + first, g, upstream + k, gradient + (r * length + first) * g->output_channels + k);
            }
        }
    }
}

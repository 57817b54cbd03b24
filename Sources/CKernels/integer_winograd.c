// 3×3 convolution of stride 1 on bytes with a quarter of the multiplications, exact: Winograd's F(4×4, 3×3) in integers
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
// No fraction is left out: each row of G has the factor that makes it whole, and row i of the result comes out times the
// number beside Aᵀ. So pixel (i, j) is 9 · 2ᵉ · sum with e ≤ 6. |V| ≤ 68 · 255 and |U| ≤ 49 · 127 fit 16 bits. M does not fit
// 32, and need not: everything after it is addition and doubling modulo 2³². The inverse of 9 modulo 2³² leaves 2ᵉ · sum,
// which is exact for |sum| < 2²⁵, and an arithmetic shift the sum itself.
#include "integer_requantize.h"

enum { BLOCK = RK_INTEGER_BLOCK, PLACES = 36 };

int rk_integer_winograd_fits(rk_simd_level level, ptrdiff_t channels, ptrdiff_t outputs) {
    return level >= RK_SIMD_AVX2 && channels % BLOCK == 0 && outputs % BLOCK == 0;
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
                for (int j = 0; j < 6; j++) to[(i * 6 + j) * channels * outputs] = (int16_t)result[j];
            }
        }
    }
}

// ---- workspace ------------------------------------------------------------------------------------------------------

// Bytes from one of a panel's 36 matrices to the next: an odd number of cache lines, so that a patch's 36 places are in 36
// sets of the first-level cache.
static ptrdiff_t matrix_size(ptrdiff_t bytes) { return (rk_blocks(bytes, 64) | 1) * 64; }

// Output channels whose products are computed together.
static ptrdiff_t strip_width(ptrdiff_t outputs) { return outputs % (2 * BLOCK) ? BLOCK : 2 * BLOCK; }

// Patches that go through together: two of AVX2's tiles, or as many as leave the second-level cache room for the weights.
enum { LARGEST_PANEL = 12, SMALLEST_PANEL = 6, CACHED_BYTES = 1 << 17 };

static ptrdiff_t largest_panel(const rk_winograd_geometry *g) {
    ptrdiff_t fits = CACHED_BYTES / (PLACES * 2 * g->channels);
    return fits > LARGEST_PANEL ? LARGEST_PANEL : fits < SMALLEST_PANEL ? SMALLEST_PANEL : fits;
}

static ptrdiff_t panel_size(const rk_winograd_geometry *g, ptrdiff_t count) {
    return rk_blocks(count, rk_blocks(count, largest_panel(g)));
}

size_t rk_integer_winograd_workspace(const rk_winograd_geometry *g) {
    ptrdiff_t panel = largest_panel(g), strip = strip_width(g->output_channels);
    ptrdiff_t matrices = matrix_size(panel * g->channels * 2) + matrix_size(panel * strip * 4);
    return (size_t)(matrix_size(6 * g->channels) + PLACES * matrices) / sizeof(int32_t);
}

// ---- patches --------------------------------------------------------------------------------------------------------

// The rows of a patch, each from its first pixel inside the image on, and the columns that are inside: left ≤ column <
// right. A row outside the image is one of zero points.
typedef struct {
    const uint8_t *rows[6];
    ptrdiff_t left, right;
} tile_source;

// Where in the result a patch begins.
typedef struct { ptrdiff_t image, y, x; } tile_place;

static tile_place tile_at(const rk_winograd_geometry *g, ptrdiff_t tile) {
    ptrdiff_t columns = rk_blocks(g->output_width, 4), rows = rk_blocks(g->output_height, 4);
    return (tile_place){tile / (rows * columns), tile / columns % rows * 4, tile % columns * 4};
}

static tile_place next_tile(const rk_winograd_geometry *g, tile_place at) {
    at.x += 4;
    if (at.x < g->output_width) return at;
    at = (tile_place){at.image, at.y + 4, 0};
    return at.y < g->output_height ? at : (tile_place){at.image + 1, 0, 0};
}

static tile_source source_of(const uint8_t *x, const rk_winograd_geometry *g, tile_place at, const uint8_t *outside) {
    ptrdiff_t y0 = at.y - g->top, x0 = at.x - g->left, row = g->width * g->channels;
    tile_source source = {.left = x0 < 0 ? -x0 : 0, .right = x0 + 6 > g->width ? g->width - x0 : 6};
    const uint8_t *first = x + (at.image * g->height + y0) * row + (x0 + source.left) * g->channels;
    for (ptrdiff_t i = 0; i < 6; i++) {
        source.rows[i] = y0 + i >= 0 && y0 + i < g->height ? first + i * row : outside;
    }
    return source;
}

// ---- the levels -----------------------------------------------------------------------------------------------------

typedef void (*product_function)(const int16_t *v, ptrdiff_t channels, const int16_t *u, int32_t *m, ptrdiff_t strip);

#if defined(__x86_64__)

// 9 · this = 1 modulo 2³².
#define INVERSE_OF_9 954437177u

typedef int16_t shorts __attribute__((vector_size(32), aligned(2), may_alias));
// Sums are numbers modulo 2³²; signed for the last shift.
typedef uint32_t sums8 __attribute__((vector_size(32)));
typedef uint32_t sums16 __attribute__((vector_size(64)));
typedef int32_t signed8 __attribute__((vector_size(32)));
typedef int32_t signed16 __attribute__((vector_size(64)));

RK_BODY int32_t two_at(const int16_t *p) {
    int32_t two;
    memcpy(&two, p, sizeof two);
    return two;
}

// 12 sums, 2 weights, the input and a product fit AVX2's 16 registers.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LEVEL(name) name##_avx2
#define VEC sums8
#define SIGNED signed8
#define LANES 8
#define TILES 6
#define LOAD(p) ((VEC)_mm256_loadu_si256((const __m256i *)(p)))
#define STORE(p, x) _mm256_storeu_si256((__m256i *)(p), (__m256i)(x))
#define BROADCAST(x) ((VEC)_mm256_set1_epi32(x))
#define PAIRS(sum, x, w) ((sum) + (VEC)_mm256_madd_epi16((__m256i)(x), (__m256i)(w)))
#define STEPS rk_steps_of_avx2
#define IN_REGISTERS(q) rk_in_registers_avx2(q)
#define STORE_FOUR(sums, q, at, y) rk_store_four_avx2((const __m256i *)(sums), q, at, y)
#include "integer_winograd_tiles.h"
#undef LEVEL
#undef VEC
#undef SIGNED
#undef LANES
#undef TILES
#undef LOAD
#undef STORE
#undef BROADCAST
#undef PAIRS
#undef STEPS
#undef IN_REGISTERS
#undef STORE_FOUR
#pragma clang attribute pop

#define VEC sums16
#define SIGNED signed16
#define LANES 16
#define TILES 14
#define LOAD(p) ((VEC)_mm512_loadu_si512(p))
#define STORE(p, x) _mm512_storeu_si512(p, (__m512i)(x))
#define BROADCAST(x) ((VEC)_mm512_set1_epi32(x))
#define STEPS rk_steps_of_avx512
#define IN_REGISTERS(q) rk_in_registers_avx512(q)
#define STORE_FOUR(sums, q, at, y) rk_store_four_avx512((const __m512i *)(sums), q, at, y)

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define LEVEL(name) name##_avx512
#define PAIRS(sum, x, w) ((sum) + (VEC)_mm512_madd_epi16((__m512i)(x), (__m512i)(w)))
#include "integer_winograd_tiles.h"
#undef LEVEL
#undef PAIRS
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
#define LEVEL(name) name##_vnni
#define PAIRS(sum, x, w) pairs_vnni(sum, x, w)
// As assembly: clang makes a multiplication and an addition of the intrinsic in any chain of sums, at a fifth of the speed.
RK_BODY VEC pairs_vnni(VEC sum, VEC x, VEC w) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(x), "v"(w));
    return sum;
}
#include "integer_winograd_tiles.h"
#pragma clang attribute pop

void rk_integer_winograd_to_bytes(rk_simd_level level, const rk_integer_winograd *p, ptrdiff_t first, ptrdiff_t count,
                                  const rk_requantization *q, uint8_t *output, int32_t *workspace) {
    switch (level) {
    case RK_SIMD_AVX512VNNI: forward_vnni(p, first, count, q, output, workspace); return;
    case RK_SIMD_AVX512: forward_avx512(p, first, count, q, output, workspace); return;
    default: forward_avx2(p, first, count, q, output, workspace); return;
    }
}
#else
void rk_integer_winograd_to_bytes(rk_simd_level level, const rk_integer_winograd *p, ptrdiff_t first, ptrdiff_t count,
                                  const rk_requantization *q, uint8_t *output, int32_t *workspace) {}
#endif

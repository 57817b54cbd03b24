// Exact integer Winograd for one level; integer_winograd.c says what is computed. Defined before:
//   LEVEL(name)  name with the level's suffix
//   VEC, SIGNED  vectors of 32-bit sums, LANES of them; LOAD, STORE, BROADCAST
//   PAIRS        sums plus products of 16-bit numbers, two neighbours at a time
//   STEPS, IN_REGISTERS, STORE_FOUR   four pixels' sums as bytes: integer_requantize.h
//   TILES        patches of the largest tile, at 2 vectors of output channels

// Six numbers to six by Bᵀ.
RK_BODY void LEVEL(input_line)(const shorts d[6], int16_t *to, ptrdiff_t stride) {
    shorts p = d[4] - d[2], q = d[3] - d[1], twice = q << 1;
    shorts even = d[4] - (d[2] << 2), odd = d[3] - (d[1] << 2);
    *(shorts *)(to) = ((d[0] - d[2]) << 2) + p;
    *(shorts *)(to + stride) = even + odd;
    *(shorts *)(to + 2 * stride) = even - odd;
    *(shorts *)(to + 3 * stride) = p + twice;
    *(shorts *)(to + 4 * stride) = p - twice;
    *(shorts *)(to + 5 * stride) = d[5] - d[3] - (q << 2);
}

// 16 channels of a patch: Bᵀ down the columns, then along the rows.
static RK_ALONE void LEVEL(input_patch)(const tile_source *s, ptrdiff_t pixel, ptrdiff_t c, uint8_t zero, int16_t *v,
                                ptrdiff_t stride) {
    int16_t between[PLACES * BLOCK] __attribute__((aligned(64)));
    RK_UNROLL for (int j = 0; j < 6; j++) {
        shorts d[6];
        if (j < s->left || j >= s->right) {
            RK_UNROLL for (int i = 0; i < 6; i++) d[i] = (shorts)_mm256_set1_epi16(zero);
        } else {
            ptrdiff_t at = (j - s->left) * pixel + c;
            RK_UNROLL for (int i = 0; i < 6; i++) {
                d[i] = (shorts)_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(s->rows[i] + at)));
            }
        }
        LEVEL(input_line)(d, between + j * BLOCK, 6 * BLOCK);
    }
    RK_UNROLL for (int i = 0; i < 6; i++) {
        LEVEL(input_line)((const shorts *)between + 6 * i, v + 6 * i * stride, stride);
    }
}

// m[tiles, vectors · LANES] = v[tiles, channels] · u, in blocks [channels / 2, 16, 2].
RK_BODY void LEVEL(product_tile)(const int16_t *v, ptrdiff_t channels, const int16_t *u, int32_t *m, ptrdiff_t strip,
                                 const int tiles, const int vectors) {
    enum { PER_BLOCK = BLOCK / LANES };
    VEC sum[TILES][2];
    RK_UNROLL for (int t = 0; t < tiles; t++) {
        RK_UNROLL for (int k = 0; k < vectors; k++) sum[t][k] = (VEC){0};
    }
    for (ptrdiff_t c = 0; c < channels; c += 2, u += 2 * BLOCK) {
        VEC weights[2];
        RK_UNROLL for (int k = 0; k < vectors; k++) {
            weights[k] = LOAD(u + k / PER_BLOCK * channels * BLOCK + k % PER_BLOCK * 2 * LANES);
        }
        RK_UNROLL for (int t = 0; t < tiles; t++) {
            VEC input = BROADCAST(two_at(v + t * channels + c));
            RK_UNROLL for (int k = 0; k < vectors; k++) sum[t][k] = PAIRS(sum[t][k], input, weights[k]);
        }
    }
    RK_UNROLL for (int t = 0; t < tiles; t++) {
        RK_UNROLL for (int k = 0; k < vectors; k++) STORE(m + t * strip + k * LANES, sum[t][k]);
    }
}

#define OPERAND int16_t
#define SUM int32_t
#include "product_table.h"

static void LEVEL(products)(const int16_t *v, ptrdiff_t channels, const int16_t *u, int32_t *m, ptrdiff_t strip,
                            ptrdiff_t tiles) {
    ptrdiff_t count = rk_blocks(tiles, TILES), vectors = strip < 2 * LANES ? 1 : 2;
    for (ptrdiff_t k = 0; k < strip; k += vectors * LANES) {
        for (ptrdiff_t i = 0, t = 0, size; i < count; i++, t += size) {
            size = rk_blocks(tiles - t, count - i);
            LEVEL(product_table)[size - 1][vectors - 1](v + t * channels, channels, u + k * channels,
                                                       m + t * strip + k, strip);
        }
    }
}

// Six sums to four by Aᵀ, of which pixel j is 3 · 2^(shift of the row + shift of j) times the result; with the factor of the
// rows taken out too, as four pixels of bytes.
RK_BODY void LEVEL(output_line)(const VEC m[6], const int shift, VEC bias, const STEPS *q,
                                const rk_four_pixels *at, uint8_t *y) {
    VEC sum1 = m[1] + m[2], sum2 = m[3] + m[4], difference1 = m[1] - m[2], difference2 = m[3] - m[4];
    VEC four[4] = {
        m[0] + (sum1 << 2) + sum2, (difference1 << 1) + difference2, sum1 + sum2,
        difference1 + (difference2 << 1) + m[5],
    };
    const int shifts[4] = {3, 2, 1, 1};
    RK_UNROLL for (int j = 0; j < 4; j++) {
        four[j] = (VEC)((SIGNED)(four[j] * INVERSE_OF_9) >> (shift + shifts[j])) + bias;
    }
    STORE_FOUR(four, q, at, y);
}

// LANES channels of a patch: Aᵀ down the columns, then along the rows.
static RK_ALONE void LEVEL(output_patch)(const int32_t *m, ptrdiff_t stride, VEC bias, const rk_requantization *q,
                                         const rk_four_pixels *at, ptrdiff_t row, ptrdiff_t rows, uint8_t *y) {
    VEC lines[4][6];
    RK_UNROLL for (int j = 0; j < 6; j++) {
        const int32_t *x = m + j * stride;
        VEC m1 = LOAD(x + 6 * stride), m2 = LOAD(x + 12 * stride), m3 = LOAD(x + 18 * stride), m4 = LOAD(x + 24 * stride);
        VEC sum1 = m1 + m2, sum2 = m3 + m4, difference1 = m1 - m2, difference2 = m3 - m4;
        lines[0][j] = LOAD(x) + (sum1 << 2) + sum2;
        lines[1][j] = (difference1 << 1) + difference2;
        lines[2][j] = sum1 + sum2;
        lines[3][j] = difference1 + (difference2 << 1) + LOAD(x + 30 * stride);
    }
    const int shifts[4] = {3, 2, 1, 1};
    STEPS steps = IN_REGISTERS(q);
    RK_UNROLL for (int i = 0; i < 4; i++) {
        if (i >= rows) return;
        rk_four_pixels line = *at;
        line.place += i * row;
        LEVEL(output_line)(lines[i], shifts[i], bias, &steps, &line, y);
    }
}

static void LEVEL(forward)(const rk_integer_winograd *p, ptrdiff_t first, ptrdiff_t count, const rk_requantization *q,
                           uint8_t *y, int32_t *workspace) {
    const rk_winograd_geometry *g = &p->geometry;
    ptrdiff_t c = g->channels, k = g->output_channels, strip = strip_width(k), panel = panel_size(g, count);
    const uint8_t *outside = memset(workspace, p->input_zero, (size_t)(6 * c));
    int16_t *v = (int16_t *)(workspace + matrix_size(6 * c) / 4);
    int32_t *m = (int32_t *)v + PLACES * matrix_size(panel * c * 2) / 4;
    tile_place source_at = tile_at(g, first);
    for (ptrdiff_t end = first + count; first < end; first += panel) {
        ptrdiff_t tiles = end - first < panel ? end - first : panel;
        ptrdiff_t v_stride = matrix_size(tiles * c * 2) / 2, m_stride = matrix_size(tiles * strip * 4) / 4;
        tile_place start = source_at;
        for (ptrdiff_t t = 0; t < tiles; t++, source_at = next_tile(g, source_at)) {
            tile_source source = source_of(p->input, g, source_at, outside);
            for (ptrdiff_t i = 0; i < c; i += BLOCK) {
                LEVEL(input_patch)(&source, c, i, p->input_zero, v + t * c + i, v_stride);
            }
        }
        for (ptrdiff_t channel = 0; channel < k; channel += strip) {
            const int16_t *u = p->weights + channel * c;
            for (int place = 0; place < PLACES; place++, u += c * k) {
                LEVEL(products)(v + place * v_stride, c, u, m + place * m_stride, strip, tiles);
            }
            tile_place place = start;
            for (ptrdiff_t t = 0; t < tiles; t++, place = next_tile(g, place)) {
                ptrdiff_t row = g->output_width * k, rows = g->output_height - place.y;
                rk_four_pixels at = {
                    .place = (place.image * g->output_height + place.y) * row + place.x * k + channel, .pixel = k,
                    .pixels = g->output_width - place.x < 4 ? g->output_width - place.x : 4, .channel = channel,
                    .channels = LANES,
                };
                for (ptrdiff_t i = 0; i < strip; i += LANES, at.place += LANES, at.channel += LANES) {
                    VEC bias = LOAD(p->bias + channel + i);
                    LEVEL(output_patch)(m + t * strip + i, m_stride, bias, q, &at, row, rows, y);
                }
            }
        }
    }
}

// Exact integer Winograd for one level of each_integer_level.h; integer_winograd.c says what is computed.

// Six numbers to six by Bᵀ.
RK_BODY void LEVEL(input_line)(const shorts d[6], int16_t *to, const ptrdiff_t stride) {
    shorts p = d[4] - d[2], q = d[3] - d[1], twice = q << 1;
    shorts even = d[4] - (d[2] << 2), odd = d[3] - (d[1] << 2);
    *(shorts *)(to) = ((d[0] - d[2]) << 2) + p;
    *(shorts *)(to + stride) = even + odd;
    *(shorts *)(to + 2 * stride) = even - odd;
    *(shorts *)(to + 3 * stride) = p + twice;
    *(shorts *)(to + 4 * stride) = p - twice;
    *(shorts *)(to + 5 * stride) = d[5] - d[3] - (q << 2);
}

// 16 channels of a patch, or the 8 last: Bᵀ down the columns, then along the rows.
RK_BODY void LEVEL(input_channels)(const tile_source *s, ptrdiff_t pixel, ptrdiff_t c, const int channels, uint8_t zero,
                                   int16_t *v) {
    int16_t between[PLACES * BLOCK] __attribute__((aligned(64)));
    RK_UNROLL for (int j = 0; j < 6; j++) {
        shorts d[6];
        if (j < s->left || j >= s->right) {
            RK_UNROLL for (int i = 0; i < 6; i++) d[i] = (shorts)_mm256_set1_epi16(zero);
        } else {
            ptrdiff_t at = (j - s->left) * pixel + c;
            RK_UNROLL for (int i = 0; i < 6; i++) {
                const __m128i *x = (const __m128i *)(s->rows[i] + at);
                d[i] = (shorts)_mm256_cvtepu8_epi16(channels == BLOCK ? _mm_loadu_si128(x) : _mm_loadl_epi64(x));
            }
        }
        LEVEL(input_line)(d, between + j * BLOCK, 6 * BLOCK);
    }
    RK_UNROLL for (int i = 0; i < 6; i++) {
        LEVEL(input_line)((const shorts *)between + 6 * i, v + 6 * i * V_MATRIX, V_MATRIX);
    }
}

static RK_ALONE void LEVEL(input_block)(const tile_source *s, ptrdiff_t pixel, ptrdiff_t c, uint8_t zero, int16_t *v) {
    LEVEL(input_channels)(s, pixel, c, BLOCK, zero, v);
}
static RK_ALONE void LEVEL(input_half)(const tile_source *s, ptrdiff_t pixel, ptrdiff_t c, uint8_t zero, int16_t *v) {
    LEVEL(input_channels)(s, pixel, c, BLOCK / 2, zero, v);
}

// sum[tiles, vectors · LANES] += v[tiles, channels] · u, of one block of v or the half of one.
RK_BODY void LEVEL(product_block)(VEC sum[TILES][2], const int16_t *v, const int16_t *u, ptrdiff_t weight_block,
                                  const int channels, const int tiles, const int vectors) {
    enum { PER_BLOCK = BLOCK / LANES };
    RK_UNROLL for (int i = 0; i < channels; i += 2) {
        VEC weights[2];
        RK_UNROLL for (int k = 0; k < vectors; k++) {
            weights[k] = LOAD(u + i * BLOCK + k / PER_BLOCK * weight_block + k % PER_BLOCK * 2 * LANES);
        }
        RK_UNROLL for (int t = 0; t < tiles; t++) {
            VEC input = BROADCAST(two_at(v + t * BLOCK + i));
            RK_UNROLL for (int k = 0; k < vectors; k++) sum[t][k] = PAIRS(sum[t][k], input, weights[k]);
        }
    }
}

// m[tiles, vectors · LANES] = start + v · u. A block's steps are written out, and all that they read is at constant
// distances.
RK_BODY void LEVEL(product_tile)(TILE_PARAMETERS, const int tiles, const int vectors) {
    ptrdiff_t weight_block = channels * BLOCK;
    VEC sum[TILES][2];
    RK_UNROLL for (int k = 0; k < vectors; k++) {
        VEC first = LOAD(start + k * LANES);
        RK_UNROLL for (int t = 0; t < tiles; t++) sum[t][k] = first;
    }
    ptrdiff_t c = channels;
    for (; c >= BLOCK; c -= BLOCK, v += V_BLOCK, u += BLOCK * BLOCK) {
        LEVEL(product_block)(sum, v, u, weight_block, BLOCK, tiles, vectors);
    }
    if (c) LEVEL(product_block)(sum, v, u, weight_block, BLOCK / 2, tiles, vectors);
    RK_UNROLL for (int t = 0; t < tiles; t++) {
        RK_UNROLL for (int k = 0; k < vectors; k++) STORE(m + t * STRIP + k * LANES, sum[t][k]);
    }
}

#include "product_table.h"

// The products of a panel's patches at all places, `width` channels of a strip.
static void LEVEL(products)(const rk_integer_winograd *p, const int16_t *v, const int16_t *u, const int32_t *biased,
                            const int32_t *zeros, int32_t *m, ptrdiff_t width, const rk_pieces *tiles) {
    ptrdiff_t channels = p->geometry.channels, matrix = channels * in_blocks(p->geometry.output_channels);
    for (ptrdiff_t k = 0; k < width; k += 2 * LANES) {
        ptrdiff_t vectors = width - k > LANES ? 2 : 1;
        product_function longer = LEVEL(product_table)[tiles->longer - 1][vectors - 1];
        product_function shorter = LEVEL(product_table)[tiles->shorter - 1][vectors - 1];
        for (int place = 0; place < PLACES; place++) {
            const int16_t *from = v + place * V_MATRIX, *weights = u + place * matrix + k * channels;
            const int32_t *start = (place == BIASED ? biased : zeros) + k;
            int32_t *to = m + place * M_MATRIX + k;
            ptrdiff_t i = 0;
            for (; i < tiles->longs; i++, from += tiles->longer * BLOCK, to += tiles->longer * STRIP) {
                longer(from, channels, weights, start, to);
            }
            for (; i < tiles->pieces; i++, from += tiles->shorter * BLOCK, to += tiles->shorter * STRIP) {
                shorter(from, channels, weights, start, to);
            }
        }
    }
}

// Six sums to four by Aᵀ.
RK_BODY void LEVEL(four_of_six)(const VEC m[6], VEC four[4]) {
    VEC sum1 = m[1] + m[2], sum2 = m[3] + m[4], difference1 = m[1] - m[2], difference2 = m[3] - m[4];
    four[0] = m[0] + (sum1 << 2) + sum2;
    four[1] = (difference1 << 1) + difference2;
    four[2] = sum1 + sum2;
    four[3] = difference1 + (difference2 << 1) + m[5];
}

// LANES channels of a patch, of which `rows` and `at->pixels` are inside: Aᵀ down the columns, then along the rows.
// Pixel (i, j) is 2^(shift of i + shift of j) times the sum once the inverse of 9 is in it.
RK_BODY void LEVEL(output_channels)(const panel_output *p, const int32_t *m, ptrdiff_t channel, const STEPS *q,
                                    const rk_four_pixels *at, const ptrdiff_t rows) {
    int32_t between[4 * 6 * LANES] __attribute__((aligned(64)));
    RK_UNROLL for (int j = 0; j < 6; j++) {
        VEC column[6], four[4];
        RK_UNROLL for (int i = 0; i < 6; i++) column[i] = LOAD(m + (6 * i + j) * M_MATRIX);
        LEVEL(four_of_six)(column, four);
        RK_UNROLL for (int i = 0; i < 4; i++) STORE(between + (6 * i + j) * LANES, four[i]);
    }
    // All columns are through before the first row begins: mixed, they would not fit the registers.
    __asm__("" : "+m"(between));
    const int shifts[4] = {3, 2, 1, 1};
    ptrdiff_t row = p->geometry->output_width * p->geometry->output_channels;
    RK_UNROLL for (int i = 0; i < 4; i++) {
        if (i >= rows) return;
        VEC line[6], four[4];
        FLOATS multipliers[4];
        RK_UNROLL for (int j = 0; j < 6; j++) line[j] = LOAD(between + (6 * i + j) * LANES);
        LEVEL(four_of_six)(line, four);
        RK_UNROLL for (int j = 0; j < 4; j++) {
            four[j] *= INVERSE_OF_9;
            multipliers[j] = LOAD_FLOATS(p->multipliers[shifts[i] + shifts[j] - LARGEST_FACTOR] + channel);
        }
        rk_four_pixels place = *at;
        place.place += i * row;
        STORE_FOUR(four, multipliers, q, &place, p->output);
    }
}

// A patch of the result: `width` channels from `channel` on.
static RK_ALONE void LEVEL(output_patch)(const panel_output *p, const int32_t *m, const tile_place *place) {
    const rk_winograd_geometry *g = p->geometry;
    ptrdiff_t rows = g->output_height - place->y, columns = g->output_width - place->x;
    rk_four_pixels at = {
        .place = ((place->image * g->output_height + place->y) * g->output_width + place->x) * g->output_channels + p->channel,
        .pixel = g->output_channels, .pixels = columns < 4 ? columns : 4, .channels = p->width,
    };
    STEPS steps = IN_REGISTERS(p->requantization);
    int is_whole = rows >= 4 && columns >= 4;
    for (ptrdiff_t i = 0; i < p->width; i += LANES, at.place += LANES, at.channels -= LANES) {
        if (is_whole && at.channels >= LANES) {
            // The same with constants, and so without a branch.
            rk_four_pixels whole = {.place = at.place, .pixel = at.pixel, .pixels = 4, .channels = LANES};
            LEVEL(output_channels)(p, m + i, p->channel + i, &steps, &whole, 4);
        } else {
            LEVEL(output_channels)(p, m + i, p->channel + i, &steps, &at, rows);
        }
    }
}

static void LEVEL(forward)(const rk_integer_winograd *p, ptrdiff_t first, ptrdiff_t count, const rk_requantization *q,
                           uint8_t *y, uint8_t *workspace) {
    const rk_winograd_geometry *g = &p->geometry;
    ptrdiff_t c = g->channels, k = g->output_channels, panel = rk_blocks(count, rk_blocks(count, rk_integer_winograd_panel(c)));
    workspace_layout at = layout_of(g);
    prepare(p, q, &at, workspace);
    int16_t *v = (int16_t *)(workspace + at.v);
    int32_t *m = (int32_t *)(workspace + at.m);
    const int32_t *biased = (const int32_t *)(workspace + at.biased), *zeros = (const int32_t *)(workspace + at.zeros);
    panel_output output = {.geometry = g, .requantization = q, .output = y};
    for (int i = 0; i < FACTORS; i++) output.multipliers[i] = (const float *)(workspace + at.multipliers) + i * in_blocks(k);
    tile_place source_at = tile_at(g, first);
    for (ptrdiff_t end = first + count; first < end; first += panel) {
        ptrdiff_t tiles = end - first < panel ? end - first : panel;
        rk_pieces pieces = rk_pieces_of(tiles, TILES);
        tile_place panel_at = source_at;
        for (ptrdiff_t t = 0; t < tiles; t++, source_at = next_tile(g, source_at)) {
            tile_source source = source_of(p->input, g, source_at, workspace + at.outside);
            int16_t *to = v + t * BLOCK;
            ptrdiff_t i = 0;
            for (; i + BLOCK <= c; i += BLOCK, to += V_BLOCK) LEVEL(input_block)(&source, c, i, p->input_zero, to);
            if (i < c) LEVEL(input_half)(&source, c, i, p->input_zero, to);
        }
        for (output.channel = 0; output.channel < k; output.channel += STRIP) {
            output.width = k - output.channel < STRIP ? k - output.channel : STRIP;
            LEVEL(products)(p, v, p->weights + output.channel * c, biased + output.channel, zeros, m, output.width, &pieces);
            tile_place patch_at = panel_at;
            for (ptrdiff_t t = 0; t < tiles; t++, patch_at = next_tile(g, patch_at)) {
                LEVEL(output_patch)(&output, m + t * STRIP, &patch_at);
            }
        }
    }
}

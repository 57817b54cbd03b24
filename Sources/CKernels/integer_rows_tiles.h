// Rows of patches for one level of each_integer_level.h: tiles of up to LANES / 2 pixels × 2 vectors of output
// channels, or LANES × 1, whose sums stay in registers.

#ifdef QUADS
#define OPERAND uint8_t
#define MULTIPLY QUADS
#else
#define OPERAND int16_t
#define MULTIPLY PAIRS
#endif

// A vector of channels of up to four pixels.
RK_BODY void LEVEL(store)(const rows_output *o, const STEPS *steps, const VEC sums[4], const rk_four_pixels *at,
                          ptrdiff_t channel) {
    FLOATS factor = LOAD_FLOATS(o->factors + channel);
    if (o->bytes) {
        FLOATS factors[4] = {factor, factor, factor, factor};
        STORE_FOUR(sums, factors, steps, at, o->bytes);
        return;
    }
    size_t size = sizeof(float) * (size_t)(at->channels < LANES ? at->channels : LANES);
    for (ptrdiff_t i = 0; i < at->pixels; i++) {
        FLOATS values = __builtin_convertvector((SIGNED)sums[i], FLOATS) * factor;
        memcpy(o->floats + at->place + i * at->pixel, &values, size);
    }
}

// `x` is the first pixel's patch, `place` its first channel in the output, of which `channel` and those that follow are
// computed.
RK_BODY void LEVEL(row_tile)(const rk_integer_rows *p, const rows_output *o, const OPERAND *x, ptrdiff_t place,
                             ptrdiff_t channel, const int pixels, const int vectors) {
    enum { PER_BLOCK = BLOCK / LANES, GROUP = LANE / sizeof(OPERAND) };
    ptrdiff_t groups = rk_blocks(p->segment_length, GROUP), weight_block = p->segments * groups * GROUP_OF_BLOCK;
    const char *w = (const char *)p->weights + channel / BLOCK * weight_block;
    VEC sum[LANES][2];
    RK_UNROLL for (int k = 0; k < vectors; k++) {
        VEC bias = LOAD(p->bias + channel + k * LANES);
        RK_UNROLL for (int i = 0; i < pixels; i++) sum[i][k] = bias;
    }
    for (ptrdiff_t s = 0; s < p->segments; s++) {
        const OPERAND *run = x + p->segment_offsets[s];
        for (ptrdiff_t g = 0; g < groups; g++, run += GROUP, w += GROUP_OF_BLOCK) {
            VEC weights[2];
            RK_UNROLL for (int k = 0; k < vectors; k++) {
                weights[k] = LOAD(w + k / PER_BLOCK * weight_block + k % PER_BLOCK * LANES * LANE);
            }
            RK_UNROLL for (int i = 0; i < pixels; i++) {
                int32_t group;
                memcpy(&group, run + i * p->pixel_stride, sizeof group);
                VEC input = BROADCAST(group);
                RK_UNROLL for (int k = 0; k < vectors; k++) sum[i][k] = MULTIPLY(sum[i][k], input, weights[k]);
            }
        }
    }
    STEPS steps = {0};
    if (o->q) steps = IN_REGISTERS(o->q);
    RK_UNROLL for (int k = 0; k < vectors; k++) {
        RK_UNROLL for (int i = 0; i < pixels; i += 4) {
            VEC four[4];
            RK_UNROLL for (int j = 0; j < 4; j++) four[j] = sum[i + j < pixels ? i + j : i][k];
            rk_four_pixels at = {
                .place = place + i * p->output_stride + channel + k * LANES, .pixel = p->output_stride,
                .pixels = pixels - i < 4 ? pixels - i : 4, .channels = p->channels - channel - k * LANES,
            };
            LEVEL(store)(o, &steps, four, &at, channel + k * LANES);
        }
    }
}

typedef void (*LEVEL(row_function))(const rk_integer_rows *p, const rows_output *o, const OPERAND *x, ptrdiff_t place,
                                    ptrdiff_t channel);

// Tiles are functions of their own, for constant numbers of pixels and vectors: inlined into one, their sums would not
// stay in registers.
#define TILE(n, k)                                                                                                     \
    static RK_ALONE void LEVEL(row_tile_##n##x##k)(const rk_integer_rows *p, const rows_output *o, const OPERAND *x, \
                                                   ptrdiff_t place, ptrdiff_t channel) {                             \
        LEVEL(row_tile)(p, o, x, place, channel, n, k);                                                              \
    }
#define NAME(n, k) LEVEL(row_tile_##n##x##k)
TILE(1, 1) TILE(2, 1) TILE(3, 1) TILE(4, 1) TILE(5, 1) TILE(6, 1) TILE(7, 1) TILE(8, 1)
TILE(1, 2) TILE(2, 2) TILE(3, 2) TILE(4, 2)
#if LANES > 8
TILE(9, 1) TILE(10, 1) TILE(11, 1) TILE(12, 1) TILE(13, 1) TILE(14, 1) TILE(15, 1) TILE(16, 1)
TILE(5, 2) TILE(6, 2) TILE(7, 2) TILE(8, 2)
#endif
static const LEVEL(row_function) LEVEL(row_tiles)[2][LANES] = {
    {
        NAME(1, 1), NAME(2, 1), NAME(3, 1), NAME(4, 1), NAME(5, 1), NAME(6, 1), NAME(7, 1), NAME(8, 1),
#if LANES > 8
        NAME(9, 1), NAME(10, 1), NAME(11, 1), NAME(12, 1), NAME(13, 1), NAME(14, 1), NAME(15, 1), NAME(16, 1),
#endif
    },
    {
        NAME(1, 2), NAME(2, 2), NAME(3, 2), NAME(4, 2),
#if LANES > 8
        NAME(5, 2), NAME(6, 2), NAME(7, 2), NAME(8, 2),
#endif
    },
};
#undef TILE
#undef NAME

static void LEVEL(all_rows)(const rk_integer_rows *p, const rows_output *o) {
    if (p->pixels == 0) return;
    const rk_pieces wide = rk_pieces_of(p->pixels, LANES / 2), narrow = rk_pieces_of(p->pixels, LANES);
    for (ptrdiff_t row = 0; row < p->rows; row++) {
        const OPERAND *first = (const OPERAND *)p->input + row * p->input_row;
        for (ptrdiff_t channel = 0; channel < p->channels; channel += 2 * LANES) {
            int vectors = p->channels - channel > LANES ? 2 : 1;
            const rk_pieces *tiles = vectors == 2 ? &wide : &narrow;
            const OPERAND *x = first;
            ptrdiff_t place = row * p->output_row;
            for (ptrdiff_t i = 0; i < tiles->pieces; i++) {
                ptrdiff_t size = i < tiles->longs ? tiles->longer : tiles->shorter;
                LEVEL(row_tiles)[vectors - 1][size - 1](p, o, x, place, channel);
                x += size * p->pixel_stride;
                place += size * p->output_stride;
            }
        }
    }
}

#undef OPERAND
#undef MULTIPLY

// Direct convolution for one vector width; see each_level.h.

// `pixels` pixels of one output row by `vectors` vectors of channels.
RK_BODY void LEVEL(forward_tile)(const float *x, const rk_direct_geometry *g, const float *w, const rk_epilogue *e,
                                 ptrdiff_t channel, ptrdiff_t place, float *y, const int pixels, const int vectors) {
    VEC sum[TILES][2];
    RK_UNROLL for (int v = 0; v < vectors; v++) {
        VEC start = e->bias ? LOAD(e->bias + channel + v * LANES) : (VEC){0};
        RK_UNROLL for (int p = 0; p < pixels; p++) sum[p][v] = start;
    }
    place += channel;
    ptrdiff_t step = g->stride_width * g->channels, length = g->kernel_width * g->channels, summed = 0;
    int waiting = 0;
    for (ptrdiff_t r = 0; r < g->kernel_height; r++, x += g->padded_width * g->channels) {
        for (ptrdiff_t t = 0; t < length;) {
            // A full block waits in the output for the next one.
            if (summed >= SUMMED) {
                RK_UNROLL for (int p = 0; p < pixels; p++) {
                    RK_UNROLL for (int v = 0; v < vectors; v++) {
                        float *to = y + place + p * g->output_pixel + v * LANES;
                        STORE(to, waiting ? LOAD(to) + sum[p][v] : sum[p][v]);
                        sum[p][v] = (VEC){0};
                    }
                }
                waiting = 1;
                summed = 0;
            }
            ptrdiff_t first = t, end = length - t < 2 * SUMMED ? length : t + SUMMED;
            for (; t < end; t++, w += vectors * LANES) {
                VEC weight[2];
                RK_UNROLL for (int v = 0; v < vectors; v++) weight[v] = LOAD(w + v * LANES);
                RK_UNROLL for (int p = 0; p < pixels; p++) {
                    float input = x[p * step + t];
                    RK_UNROLL for (int v = 0; v < vectors; v++) sum[p][v] += weight[v] * input;
                }
            }
            summed += end - first;
        }
    }
    if (waiting) {
        RK_UNROLL for (int p = 0; p < pixels; p++) {
            RK_UNROLL for (int v = 0; v < vectors; v++) {
                sum[p][v] += LOAD(y + place + p * g->output_pixel + v * LANES);
            }
        }
    }
    if (e->residual) {
        RK_UNROLL for (int p = 0; p < pixels; p++) {
            RK_UNROLL for (int v = 0; v < vectors; v++) {
                sum[p][v] += LOAD(e->residual + place + p * g->output_pixel + v * LANES);
            }
        }
    }
    if (e->relu) {
        RK_UNROLL for (int p = 0; p < pixels; p++) {
            RK_UNROLL for (int v = 0; v < vectors; v++) sum[p][v] = MAX0(sum[p][v]);
        }
    }
    RK_UNROLL for (int p = 0; p < pixels; p++) {
        RK_UNROLL for (int v = 0; v < vectors; v++) STORE(y + place + p * g->output_pixel + v * LANES, sum[p][v]);
    }
}

// `rows` rows of the kernel × `taps` taps of each, by `vectors` vectors of output channels, over all pixels of an
// image.
RK_BODY void LEVEL(weight_tile)(const float *x, const rk_direct_geometry *g, const float *dy, float *dw, const int rows,
                                const int taps, const int vectors) {
    VEC sum[27][2];  // at most the taps of a stem over 3 channels
    RK_UNROLL for (int m = 0; m < rows * taps; m++) {
        RK_UNROLL for (int v = 0; v < vectors; v++) sum[m][v] = (VEC){0};
    }
    ptrdiff_t step = g->stride_width * g->channels, row = g->padded_width * g->channels;
    for (ptrdiff_t i = 0; i < g->output_height; i++) {
        const float *from = x + i * g->stride_height * row;
        for (ptrdiff_t j = 0; j < g->output_width; j++, from += step, dy += g->output_channels) {
            VEC up[2];
            RK_UNROLL for (int v = 0; v < vectors; v++) up[v] = LOAD(dy + v * LANES);
            RK_UNROLL for (int r = 0; r < rows; r++) {
                RK_UNROLL for (int m = 0; m < taps; m++) {
                    float input = from[r * row + m];
                    RK_UNROLL for (int v = 0; v < vectors; v++) sum[r * taps + m][v] += up[v] * input;
                }
            }
        }
    }
    ptrdiff_t length = g->kernel_width * g->channels;
    RK_UNROLL for (int r = 0; r < rows; r++) {
        RK_UNROLL for (int m = 0; m < taps; m++) {
            float *to = dw + (r * length + m) * g->output_channels;
            RK_UNROLL for (int v = 0; v < vectors; v++) STORE(to + v * LANES, LOAD(to + v * LANES) + sum[r * taps + m][v]);
        }
    }
}

#define TILE(n, V)                                                                                             \
    static RK_ALONE void LEVEL(forward_##n##x##V)(const float *x, const rk_direct_geometry *g, const float *w, \
                                                  const rk_epilogue *e, ptrdiff_t channel, ptrdiff_t place,    \
                                                  float *y) {                                                  \
        LEVEL(forward_tile)(x, g, w, e, channel, place, y, n, V);                                              \
    }                                                                                                          \
    static RK_ALONE void LEVEL(weight_##n##x##V)(const float *x, const rk_direct_geometry *g, const float *dy, \
                                                 float *dw) {                                                  \
        LEVEL(weight_tile)(x, g, dy, dw, 1, n, V);                                                             \
    }
#define TILE_PAIR(n) TILE(n, 1) TILE(n, 2)
TILE_PAIR(1) TILE_PAIR(2) TILE_PAIR(3) TILE_PAIR(4)
#if TILES > 4
TILE_PAIR(5) TILE_PAIR(6)
#endif
#if TILES > 6
TILE_PAIR(7) TILE_PAIR(8) TILE_PAIR(9) TILE_PAIR(10) TILE_PAIR(11) TILE_PAIR(12) TILE_PAIR(13) TILE_PAIR(14)
#endif

// All taps of a first layer's 3×3 kernel: one row's alone would be too few sums to keep the processor busy.
static RK_ALONE void LEVEL(weight_stem_1)(const float *x, const rk_direct_geometry *g, const float *dy, float *dw) {
    LEVEL(weight_tile)(x, g, dy, dw, 3, 3, 1);
}
#if TILES > 6
static RK_ALONE void LEVEL(weight_stem_3)(const float *x, const rk_direct_geometry *g, const float *dy, float *dw) {
    LEVEL(weight_tile)(x, g, dy, dw, 3, 9, 1);
}
#else
#define LEVEL_HAS_NO_STEM_3
#endif

static const direct_kernels LEVEL(kernels) = {
    .lanes = LANES,
    .largest = TILES,
#define BOTH(prefix, n) {LEVEL(prefix##_##n##x1), LEVEL(prefix##_##n##x2)}
#define ALL_1_TO_4(prefix) BOTH(prefix, 1), BOTH(prefix, 2), BOTH(prefix, 3), BOTH(prefix, 4)
#if TILES > 6
#define ALL(prefix)                                                                                         \
    ALL_1_TO_4(prefix), BOTH(prefix, 5), BOTH(prefix, 6), BOTH(prefix, 7), BOTH(prefix, 8), BOTH(prefix, 9), \
        BOTH(prefix, 10), BOTH(prefix, 11), BOTH(prefix, 12), BOTH(prefix, 13), BOTH(prefix, 14)
#elif TILES > 4
#define ALL(prefix) ALL_1_TO_4(prefix), BOTH(prefix, 5), BOTH(prefix, 6)
#else
#define ALL(prefix) ALL_1_TO_4(prefix)
#endif
    .forward = {ALL(forward)},
    .weight = {ALL(weight)},
    .stem_1 = LEVEL(weight_stem_1),
#ifndef LEVEL_HAS_NO_STEM_3
    .stem_3 = LEVEL(weight_stem_3),
#endif
};
#undef LEVEL_HAS_NO_STEM_3
#undef TILE
#undef TILE_PAIR
#undef BOTH
#undef ALL_1_TO_4
#undef ALL

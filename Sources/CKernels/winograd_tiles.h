// Winograd's F(4×4, 3×3) for one vector width: products and passes; see each_level.h.

#include "winograd_transforms.h"

// m[tiles, outputs] = v[tiles, channels] · u[channels, vectors · LANES], or added to it. `stride` is from one patch of v
// to the next.
RK_BODY void LEVEL(product_tile)(const float *v, ptrdiff_t stride, ptrdiff_t channels, const float *u, float *m,
                                 ptrdiff_t outputs, int adds, const int tiles, const int vectors) {
    VEC sum[TILES][2];
    RK_UNROLL for (int t = 0; t < tiles; t++) {
        RK_UNROLL for (int k = 0; k < vectors; k++) sum[t][k] = (VEC){0};
    }
    for (ptrdiff_t c = 0; c < channels; c++, u += vectors * LANES) {
        VEC weight[2];
        RK_UNROLL for (int k = 0; k < vectors; k++) weight[k] = LOAD(u + k * LANES);
        RK_UNROLL for (int t = 0; t < tiles; t++) {
            float input = v[t * stride + c];
            RK_UNROLL for (int k = 0; k < vectors; k++) sum[t][k] += weight[k] * input;
        }
    }
    if (adds) {
        RK_UNROLL for (int t = 0; t < tiles; t++) {
            RK_UNROLL for (int k = 0; k < vectors; k++) sum[t][k] += LOAD(m + t * outputs + k * LANES);
        }
    }
    RK_UNROLL for (int t = 0; t < tiles; t++) {
        RK_UNROLL for (int k = 0; k < vectors; k++) STORE(m + t * outputs + k * LANES, sum[t][k]);
    }
}

#include "product_table.h"

static void LEVEL(panel_products)(const float *v, const float *u, float *m, ptrdiff_t tiles, ptrdiff_t channels,
                                  ptrdiff_t outputs) {
    ptrdiff_t vectors = outputs % (2 * LANES) ? 1 : 2;
    rk_pieces pieces = rk_pieces_of(tiles, TILES), blocks = rk_pieces_of(channels, summed_channels(channels));
    for (int place = 0; place < 36; place++, v += matrix_size(tiles, channels), m += matrix_size(tiles, outputs)) {
        for (ptrdiff_t k = 0; k < outputs; k += vectors * LANES) {
            for (ptrdiff_t b = 0, c = 0, length; b < blocks.pieces; b++, c += length, u += length * vectors * LANES) {
                length = b < blocks.longs ? blocks.longer : blocks.shorter;
                for (ptrdiff_t i = 0, t = 0, size; i < pieces.pieces; i++, t += size) {
                    size = i < pieces.longs ? pieces.longer : pieces.shorter;
                    LEVEL(product_table)[size - 1][vectors - 1](v + t * channels + c, channels, length, u,
                                                                m + t * outputs + k, outputs, b > 0);
                }
            }
        }
    }
}

static void LEVEL(forward)(const float *x, const rk_winograd_geometry *g, ptrdiff_t first, ptrdiff_t count,
                           const float *u, const rk_epilogue *e, float *y, float *workspace) {
    ptrdiff_t c = g->channels, k = g->output_channels, panel = panel_size(g, count);
    float *v = after_zeros(workspace, g), *m = v + 36 * matrix_size(panel, c);
    for (ptrdiff_t end = first + count; first < end; first += panel) {
        ptrdiff_t tiles = end - first < panel ? end - first : panel;
        ptrdiff_t v_stride = matrix_size(tiles, c), m_stride = matrix_size(tiles, k);
        for (ptrdiff_t t = 0; t < tiles; t++) {
            tile_source source = input_source(x, g, first + t, workspace);
            for (ptrdiff_t i = 0; i < c; i += LANES) {
                LEVEL(input_patch)(&source, c, i, v + t * c + i, v_stride);
            }
        }
        LEVEL(panel_products)(v, u, m, tiles, c, k);
        for (ptrdiff_t t = 0; t < tiles; t++) {
            tile_place place = tile_at(g, first + t);
            ptrdiff_t row = g->output_width * k, rows = g->output_height - place.y, columns = g->output_width - place.x;
            ptrdiff_t start = (place.image * g->output_height + place.y) * row + place.x * k;
            for (ptrdiff_t i = 0; i < k; i += LANES) {
                LEVEL(output_patch)(m + t * k + i, m_stride, e, start + i, row, k, rows, columns, i, y);
            }
        }
    }
}

// du[rows, outputs] += v[tiles, rows]ᵀ · d[tiles, vectors · LANES]
RK_BODY void LEVEL(gradient_tile)(const float *v, ptrdiff_t channels, const float *d, ptrdiff_t outputs, float *du,
                                  ptrdiff_t tiles, const int rows, const int vectors) {
    VEC sum[2 * ROWS][2];
    RK_UNROLL for (int r = 0; r < rows; r++) {
        RK_UNROLL for (int k = 0; k < vectors; k++) sum[r][k] = LOAD(du + r * outputs + k * LANES);
    }
    for (ptrdiff_t t = 0; t < tiles; t++, v += channels, d += outputs) {
        VEC up[2];
        RK_UNROLL for (int k = 0; k < vectors; k++) up[k] = LOAD(d + k * LANES);
        RK_UNROLL for (int r = 0; r < rows; r++) {
            float input = v[r];
            RK_UNROLL for (int k = 0; k < vectors; k++) sum[r][k] += up[k] * input;
        }
    }
    RK_UNROLL for (int r = 0; r < rows; r++) {
        RK_UNROLL for (int k = 0; k < vectors; k++) STORE(du + r * outputs + k * LANES, sum[r][k]);
    }
}

static RK_ALONE void LEVEL(gradient_wide)(const float *v, ptrdiff_t c, const float *d, ptrdiff_t k, float *du,
                                          ptrdiff_t tiles) {
    LEVEL(gradient_tile)(v, c, d, k, du, tiles, ROWS, 2);
}
static RK_ALONE void LEVEL(gradient_tall)(const float *v, ptrdiff_t c, const float *d, ptrdiff_t k, float *du,
                                          ptrdiff_t tiles) {
    LEVEL(gradient_tile)(v, c, d, k, du, tiles, 2 * ROWS, 1);
}
static RK_ALONE void LEVEL(gradient_small)(const float *v, ptrdiff_t c, const float *d, ptrdiff_t k, float *du,
                                           ptrdiff_t tiles) {
    LEVEL(gradient_tile)(v, c, d, k, du, tiles, ROWS, 1);
}

static void LEVEL(panel_gradients)(const float *v, const float *d, float *du, ptrdiff_t tiles, ptrdiff_t channels,
                                   ptrdiff_t outputs) {
    int wide = outputs % (2 * LANES) == 0, tall = !wide && channels % (2 * ROWS) == 0;
    ptrdiff_t rows = tall ? 2 * ROWS : ROWS, columns = wide ? 2 * LANES : LANES;
    for (int place = 0; place < 36; place++, v += matrix_size(tiles, channels), d += matrix_size(tiles, outputs)) {
        for (ptrdiff_t r = 0; r < channels; r += rows, du += rows * outputs) {
            for (ptrdiff_t k = 0; k < outputs; k += columns) {
                (wide ? LEVEL(gradient_wide) : tall ? LEVEL(gradient_tall) : LEVEL(gradient_small))(
                    v + r, channels, d + k, outputs, du + k, tiles);
            }
        }
    }
}

static void LEVEL(weight_gradient)(const float *x, const float *upstream, const rk_winograd_geometry *g,
                                   ptrdiff_t first, ptrdiff_t count, float *du, float *workspace) {
    ptrdiff_t c = g->channels, k = g->output_channels, panel = panel_size(g, count);
    float *v = after_zeros(workspace, g), *d = v + 36 * matrix_size(panel, c);
    for (ptrdiff_t end = first + count; first < end; first += panel) {
        ptrdiff_t tiles = end - first < panel ? end - first : panel;
        ptrdiff_t v_stride = matrix_size(tiles, c), d_stride = matrix_size(tiles, k);
        for (ptrdiff_t t = 0; t < tiles; t++) {
            tile_source source = input_source(x, g, first + t, workspace);
            for (ptrdiff_t i = 0; i < c; i += LANES) {
                LEVEL(input_patch)(&source, c, i, v + t * c + i, v_stride);
            }
            source = upstream_source(upstream, g, first + t, workspace);
            for (ptrdiff_t i = 0; i < k; i += LANES) {
                LEVEL(upstream_patch)(&source, k, i, d + t * k + i, d_stride);
            }
        }
        LEVEL(panel_gradients)(v, d, du, tiles, c, k);
    }
}

static void LEVEL(weights)(const float *w, ptrdiff_t channels, ptrdiff_t outputs, ptrdiff_t block, float *u) {
    for (ptrdiff_t c = 0; c < channels; c++) {
        for (ptrdiff_t k = 0; k < outputs; k += LANES) {
            VEC lines[3][6], line[3], result[6];
            RK_UNROLL for (int j = 0; j < 3; j++) {
                RK_UNROLL for (int i = 0; i < 3; i++) line[i] = LOAD(w + ((i * 3 + j) * channels + c) * outputs + k);
                LEVEL(weight_line)(line, lines[j]);
            }
            float *to = u + (k / block * channels + c) * block + k % block;
            RK_UNROLL for (int i = 0; i < 6; i++) {
                RK_UNROLL for (int j = 0; j < 3; j++) line[j] = lines[j][i];
                LEVEL(weight_line)(line, result);
                RK_UNROLL for (int j = 0; j < 6; j++) STORE(to + (i * 6 + j) * channels * outputs, result[j]);
            }
        }
    }
}

static void LEVEL(gradient_of_weights)(const float *du, ptrdiff_t size, float *dw) {
    for (ptrdiff_t n = 0; n < size; n += LANES) {
        VEC lines[6][3], line[6], result[3];
        RK_UNROLL for (int j = 0; j < 6; j++) {
            RK_UNROLL for (int i = 0; i < 6; i++) line[i] = LOAD(du + (i * 6 + j) * size + n);
            LEVEL(weight_gradient_line)(line, lines[j]);
        }
        RK_UNROLL for (int i = 0; i < 3; i++) {
            RK_UNROLL for (int j = 0; j < 6; j++) line[j] = lines[j][i];
            LEVEL(weight_gradient_line)(line, result);
            RK_UNROLL for (int j = 0; j < 3; j++) STORE(dw + (i * 3 + j) * size + n, result[j]);
        }
    }
}

static const winograd_kernels LEVEL(kernels) = {
    LANES, LEVEL(forward), LEVEL(weight_gradient), LEVEL(weights), LEVEL(gradient_of_weights),
};

// Winograd's F(4×4, 3×3) for one vector width; see each_level.h.
//
// With the points 0, ±√½, ±√2 and ∞ a patch d[6][6] becomes Bᵀ d B, weights G w Gᵀ, products m become Aᵀ m A:
//
//        1  0  -5/2   0  1  0          1     0    0          1  1    1    1    1   0
//        0 -√2  -2   √½  1  0        -2/3  -√2/3 -1/3        0  √½  -√½   √2  -√2  0
//   Bᵀ=  0  √2  -2  -√½  1  0    G = -2/3   √2/3 -1/3   Aᵀ = 0  ½    ½    2    2   0
//        0 -√½  -½   √2  1  0         1/6   √2/6  1/3        0  √⅛  -√⅛   √8  -√8  1
//        0  √½  -½  -√2  1  0         1/6  -√2/6  1/3
//        0  1    0  -5/2 0  1          0     0    1

// Six numbers to six by Bᵀ.
RK_BODY void LEVEL(input_line)(const VEC d[6], float *to, ptrdiff_t stride) {
    VEC even = d[4] - 2.0f * d[2], odd = d[3] - 2.0f * d[1];
    STORE(to, d[4] - 2.5f * d[2] + d[0]);
    STORE(to + stride, even + SQRT_HALF * odd);
    STORE(to + 2 * stride, even - SQRT_HALF * odd);
    even = d[4] - 0.5f * d[2], odd = d[3] - 0.5f * d[1];
    STORE(to + 3 * stride, even + SQRT_TWO * odd);
    STORE(to + 4 * stride, even - SQRT_TWO * odd);
    STORE(to + 5 * stride, d[5] - 2.5f * d[3] + d[1]);
}

// Column j of a patch's rows, from channel c on.
RK_BODY void LEVEL(column)(const tile_source *s, const int j, ptrdiff_t pixel, ptrdiff_t c, VEC d[6], const int rows) {
    RK_UNROLL for (int i = 0; i < rows; i++) d[i] = (VEC){0};
    if (j < s->left || j >= s->right) return;
    ptrdiff_t at = (j - s->left) * pixel + c;
    RK_UNROLL for (int i = 0; i < rows; i++) d[i] = LOAD(s->rows[i] + at);
}

// One vector of channels of a patch: Bᵀ down the columns, two results at a time, then along the rows. Nothing is kept in
// memory between; that rows are read more than once costs less.
RK_BODY void LEVEL(input_patch)(const tile_source *s, ptrdiff_t pixel, ptrdiff_t c, float *v, ptrdiff_t stride) {
    VEC d[6], first[6], second[6];
    RK_UNROLL for (int j = 0; j < 6; j++) {
        LEVEL(column)(s, j, pixel, c, d, 6);
        first[j] = d[4] - 2.5f * d[2] + d[0];
    }
    LEVEL(input_line)(first, v, stride);
    RK_UNROLL for (int j = 0; j < 6; j++) {
        LEVEL(column)(s, j, pixel, c, d, 6);
        VEC even = d[4] - 2.0f * d[2], odd = d[3] - 2.0f * d[1];
        first[j] = even + SQRT_HALF * odd;
        second[j] = even - SQRT_HALF * odd;
    }
    LEVEL(input_line)(first, v + 6 * stride, stride);
    LEVEL(input_line)(second, v + 12 * stride, stride);
    RK_UNROLL for (int j = 0; j < 6; j++) {
        LEVEL(column)(s, j, pixel, c, d, 6);
        VEC even = d[4] - 0.5f * d[2], odd = d[3] - 0.5f * d[1];
        first[j] = even + SQRT_TWO * odd;
        second[j] = even - SQRT_TWO * odd;
    }
    LEVEL(input_line)(first, v + 18 * stride, stride);
    LEVEL(input_line)(second, v + 24 * stride, stride);
    RK_UNROLL for (int j = 0; j < 6; j++) {
        LEVEL(column)(s, j, pixel, c, d, 6);
        first[j] = d[5] - 2.5f * d[3] + d[1];
    }
    LEVEL(input_line)(first, v + 30 * stride, stride);
}

// The result's pixel, with what the epilogue adds.
RK_BODY void LEVEL(finish)(VEC value, const rk_epilogue *e, ptrdiff_t place, ptrdiff_t channel, float *y) {
    if (e->bias) value += LOAD(e->bias + channel);
    if (e->residual) value += LOAD(e->residual + place);
    STORE(y + place, e->relu ? MAX0(value) : value);
}

// Six numbers to four by Aᵀ, as one row of the result, of which `columns` are inside the image.
RK_BODY void LEVEL(output_line)(const VEC m[6], const rk_epilogue *e, ptrdiff_t place, ptrdiff_t pixel,
                                ptrdiff_t columns, ptrdiff_t channel, float *y) {
    VEC sum1 = m[1] + m[2], sum2 = m[3] + m[4], difference1 = m[1] - m[2], difference2 = m[3] - m[4];
    LEVEL(finish)(m[0] + sum1 + sum2, e, place, channel, y);
    if (columns > 1) {
        LEVEL(finish)(SQRT_HALF * difference1 + SQRT_TWO * difference2, e, place + pixel, channel, y);
    }
    if (columns > 2) LEVEL(finish)(0.5f * sum1 + 2.0f * sum2, e, place + 2 * pixel, channel, y);
    if (columns > 3) {
        VEC value = SQRT_EIGHTH * difference1 + (SQRT_EIGHT * difference2 + m[5]);
        LEVEL(finish)(value, e, place + 3 * pixel, channel, y);
    }
}

// One vector of channels of a patch: Aᵀ down the columns, two rows at a time, then along them.
RK_BODY void LEVEL(output_patch)(const float *m, ptrdiff_t stride, const rk_epilogue *e, ptrdiff_t place, ptrdiff_t row,
                                 ptrdiff_t pixel, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t channel, float *y) {
    VEC first[6], second[6];
    RK_UNROLL for (int j = 0; j < 6; j++) {
        const float *x = m + j * stride;
        VEC sum1 = LOAD(x + 6 * stride) + LOAD(x + 12 * stride), sum2 = LOAD(x + 18 * stride) + LOAD(x + 24 * stride);
        first[j] = LOAD(x) + sum1 + sum2;
        second[j] = 0.5f * sum1 + 2.0f * sum2;
    }
    LEVEL(output_line)(first, e, place, pixel, columns, channel, y);
    if (rows > 2) LEVEL(output_line)(second, e, place + 2 * row, pixel, columns, channel, y);
    if (rows < 2) return;
    RK_UNROLL for (int j = 0; j < 6; j++) {
        const float *x = m + j * stride;
        VEC difference1 = LOAD(x + 6 * stride) - LOAD(x + 12 * stride);
        VEC difference2 = LOAD(x + 18 * stride) - LOAD(x + 24 * stride);
        first[j] = SQRT_HALF * difference1 + SQRT_TWO * difference2;
        second[j] = SQRT_EIGHTH * difference1 + (SQRT_EIGHT * difference2 + LOAD(x + 30 * stride));
    }
    LEVEL(output_line)(first, e, place + row, pixel, columns, channel, y);
    if (rows > 3) LEVEL(output_line)(second, e, place + 3 * row, pixel, columns, channel, y);
}

// Four numbers to six by A.
RK_BODY void LEVEL(upstream_line)(const VEC y[4], float *to, ptrdiff_t stride) {
    VEC even = y[0] + 0.5f * y[2], odd = SQRT_HALF * y[1] + SQRT_EIGHTH * y[3];
    STORE(to, y[0]);
    STORE(to + stride, even + odd);
    STORE(to + 2 * stride, even - odd);
    even = y[0] + 2.0f * y[2], odd = SQRT_TWO * y[1] + SQRT_EIGHT * y[3];
    STORE(to + 3 * stride, even + odd);
    STORE(to + 4 * stride, even - odd);
    STORE(to + 5 * stride, y[3]);
}

// What flows back to the products: A g Aᵀ for one vector of channels of a 4×4 patch of the upstream gradient.
RK_BODY void LEVEL(upstream_patch)(const tile_source *s, ptrdiff_t pixel, ptrdiff_t c, float *to, ptrdiff_t stride) {
    VEC g[6], first[4], second[4];
    RK_UNROLL for (int j = 0; j < 4; j++) {
        LEVEL(column)(s, j, pixel, c, g, 4);
        first[j] = g[0];
        second[j] = g[3];
    }
    LEVEL(upstream_line)(first, to, stride);
    LEVEL(upstream_line)(second, to + 30 * stride, stride);
    RK_UNROLL for (int j = 0; j < 4; j++) {
        LEVEL(column)(s, j, pixel, c, g, 4);
        VEC even = g[0] + 0.5f * g[2], odd = SQRT_HALF * g[1] + SQRT_EIGHTH * g[3];
        first[j] = even + odd;
        second[j] = even - odd;
    }
    LEVEL(upstream_line)(first, to + 6 * stride, stride);
    LEVEL(upstream_line)(second, to + 12 * stride, stride);
    RK_UNROLL for (int j = 0; j < 4; j++) {
        LEVEL(column)(s, j, pixel, c, g, 4);
        VEC even = g[0] + 2.0f * g[2], odd = SQRT_TWO * g[1] + SQRT_EIGHT * g[3];
        first[j] = even + odd;
        second[j] = even - odd;
    }
    LEVEL(upstream_line)(first, to + 18 * stride, stride);
    LEVEL(upstream_line)(second, to + 24 * stride, stride);
}

// m[tiles, outputs] = v[tiles, channels] · u[channels, vectors · LANES]
RK_BODY void LEVEL(product_tile)(const float *v, ptrdiff_t channels, const float *u, float *m, ptrdiff_t outputs,
                                 const int tiles, const int vectors) {
    VEC sum[TILES][2];
    RK_UNROLL for (int t = 0; t < tiles; t++) {
        RK_UNROLL for (int k = 0; k < vectors; k++) sum[t][k] = (VEC){0};
    }
    for (ptrdiff_t c = 0; c < channels; c++, u += vectors * LANES) {
        VEC weight[2];
        RK_UNROLL for (int k = 0; k < vectors; k++) weight[k] = LOAD(u + k * LANES);
        RK_UNROLL for (int t = 0; t < tiles; t++) {
            float input = v[t * channels + c];
            RK_UNROLL for (int k = 0; k < vectors; k++) sum[t][k] += weight[k] * input;
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
    rk_pieces pieces = rk_pieces_of(tiles, TILES);
    for (int place = 0; place < 36; place++, v += matrix_size(tiles, channels), m += matrix_size(tiles, outputs)) {
        for (ptrdiff_t k = 0; k < outputs; k += vectors * LANES, u += channels * vectors * LANES) {
            for (ptrdiff_t i = 0, t = 0, size; i < pieces.pieces; i++, t += size) {
                size = i < pieces.longs ? pieces.longer : pieces.shorter;
                LEVEL(product_table)[size - 1][vectors - 1](v + t * channels, channels, u, m + t * outputs + k, outputs);
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

// G: three numbers to six.
RK_BODY void LEVEL(weight_line)(const VEC w[3], VEC u[6]) {
    VEC first = w[0] + 0.5f * w[2], second = w[0] + 2.0f * w[2], odd = SQRT_HALF * w[1], twice = SQRT_TWO * w[1];
    u[0] = w[0];
    u[1] = (first + odd) * (-2.0f / 3.0f);
    u[2] = (first - odd) * (-2.0f / 3.0f);
    u[3] = (second + twice) * (1.0f / 6.0f);
    u[4] = (second - twice) * (1.0f / 6.0f);
    u[5] = w[2];
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

// Gᵀ: six numbers to three.
RK_BODY void LEVEL(weight_gradient_line)(const VEC u[6], VEC w[3]) {
    VEC sum1 = (u[1] + u[2]) * (-2.0f / 3.0f), sum2 = (u[3] + u[4]) * (1.0f / 6.0f);
    VEC difference1 = (u[1] - u[2]) * (-2.0f / 3.0f), difference2 = (u[3] - u[4]) * (1.0f / 6.0f);
    w[0] = u[0] + sum1 + sum2;
    w[1] = SQRT_HALF * difference1 + SQRT_TWO * difference2;
    w[2] = 0.5f * sum1 + 2.0f * sum2 + u[5];
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

// The transforms of Winograd's F(4×4, 3×3) for one vector width; part of winograd_tiles.h.
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

// One vector of channels of a patch: Bᵀ down the columns, two results at a time, then along the rows. Nothing is kept
// in memory between; that rows are read more than once costs less.
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

// Gᵀ: six numbers to three.
RK_BODY void LEVEL(weight_gradient_line)(const VEC u[6], VEC w[3]) {
    VEC sum1 = (u[1] + u[2]) * (-2.0f / 3.0f), sum2 = (u[3] + u[4]) * (1.0f / 6.0f);
    VEC difference1 = (u[1] - u[2]) * (-2.0f / 3.0f), difference2 = (u[3] - u[4]) * (1.0f / 6.0f);
    w[0] = u[0] + sum1 + sum2;
    w[1] = SQRT_HALF * difference1 + SQRT_TWO * difference2;
    w[2] = 0.5f * sum1 + 2.0f * sum2 + u[5];
}

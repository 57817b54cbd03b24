// Depthwise convolution for one vector width; see each_level.h and depthwise.c.

// Sums of a vector of channels to the result.
RK_BODY void LEVEL(store)(VEC sum, const rk_epilogue *e, ptrdiff_t channel, ptrdiff_t place, float *output) {
    if (e->bias) sum += LOAD(e->bias + channel);
    if (e->residual) sum += LOAD(e->residual + place + channel);
    if (e->relu) sum = MAX0(sum);
    STORE(output + place + channel, sum);
}

// `pixels` neighbouring pixels, all channels; `taps` columns of the kernel, all inside the image. Taps are summed row
// by row, and in order within a row, as at the edges.
RK_BODY void LEVEL(depthwise_tile)(depthwise_row r, ptrdiff_t x, const rk_epilogue *e, ptrdiff_t place, float *output,
                                   const int pixels, const int taps, const int stride) {
    ptrdiff_t channels = r.g->channels, line = r.g->dilation_height * r.g->width * channels;
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        if (c + LANES > channels) c = channels - LANES;
        const float *input = r.input + x * channels + c, *weights = r.weights + c;
        VEC sum[8];
        RK_UNROLL for (int p = 0; p < pixels; p++) sum[p] = (VEC){0};
        for (ptrdiff_t row = 0; row < r.rows; row++, input += line, weights += taps * channels) {
            VEC weight[5];
            RK_UNROLL for (int k = 0; k < taps; k++) weight[k] = LOAD(weights + k * channels);
            RK_UNROLL for (int i = 0; i < (pixels - 1) * stride + taps; i++) {
                VEC pixel = LOAD(input + i * channels);
                RK_UNROLL for (int k = 0; k < taps; k++) {
                    if (i >= k && (i - k) % stride == 0 && (i - k) / stride < pixels) {
                        sum[(i - k) / stride] += pixel * weight[k];
                    }
                }
            }
        }
        RK_UNROLL for (int p = 0; p < pixels; p++) {
            LEVEL(store)(sum[p], e, c, place + p * r.g->output_pixel, output);
        }
    }
}

#define RK_DEPTHWISE_TILE(pixels, taps, stride)                                                                      \
    static RK_ALONE void LEVEL(depthwise_##pixels##_##taps##_##stride)(                                              \
        depthwise_row r, ptrdiff_t x, const rk_epilogue *e, ptrdiff_t place, float *output) {                        \
        LEVEL(depthwise_tile)(r, x, e, place, output, pixels, taps, stride);                                         \
    }
RK_DEPTHWISE_TILE(8, 1, 1) RK_DEPTHWISE_TILE(8, 2, 1) RK_DEPTHWISE_TILE(8, 3, 1) RK_DEPTHWISE_TILE(8, 5, 1)
RK_DEPTHWISE_TILE(3, 1, 1) RK_DEPTHWISE_TILE(3, 2, 1) RK_DEPTHWISE_TILE(3, 3, 1) RK_DEPTHWISE_TILE(3, 5, 1)
RK_DEPTHWISE_TILE(8, 3, 2) RK_DEPTHWISE_TILE(3, 3, 2) RK_DEPTHWISE_TILE(8, 5, 2) RK_DEPTHWISE_TILE(3, 5, 2)
#undef RK_DEPTHWISE_TILE

typedef void (*LEVEL(tile_function))(depthwise_row r, ptrdiff_t x, const rk_epilogue *e, ptrdiff_t place,
                                     float *output);

// Tiles of 8 pixels and of 3 for a width of the kernel; NULL for widths and strides that have none.
RK_BODY void LEVEL(tiles_for)(const rk_depthwise_geometry *g, LEVEL(tile_function) tiles[2]) {
    tiles[0] = tiles[1] = NULL;
    if (g->dilation_width != 1) return;
#define RK_TAKE(taps, stride)                                 \
    if (g->kernel_width == taps && g->stride_width == stride) { \
        tiles[0] = LEVEL(depthwise_8_##taps##_##stride);        \
        tiles[1] = LEVEL(depthwise_3_##taps##_##stride);        \
    }
    RK_TAKE(1, 1) RK_TAKE(2, 1) RK_TAKE(3, 1) RK_TAKE(5, 1) RK_TAKE(3, 2) RK_TAKE(5, 2)
#undef RK_TAKE
}

// One pixel from column x on, which may begin or end outside the image.
static void LEVEL(depthwise_pixel)(depthwise_row r, ptrdiff_t x, const rk_epilogue *e, ptrdiff_t place, float *output) {
    const rk_depthwise_geometry *g = r.g;
    ptrdiff_t channels = g->channels, line = g->dilation_height * g->width * channels;
    rk_window_axis taps = rk_window_at(x, g->kernel_width, g->dilation_width, g->width, 0);
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        if (c + LANES > channels) c = channels - LANES;
        VEC sum = (VEC){0};
        for (ptrdiff_t row = 0; row < r.rows && taps.count > 0; row++) {
            const float *input = r.input + row * line + taps.first * channels + c;
            const float *weights = r.weights + (row * g->kernel_width + taps.tap) * channels + c;
            for (ptrdiff_t k = 0; k < taps.count; k++) {
                sum += LOAD(input + k * g->dilation_width * channels) * LOAD(weights + k * channels);
            }
        }
        LEVEL(store)(sum, e, c, place, output);
    }
}

// The pixels of a row whose kernel columns are all inside the image: first ..< end.
RK_BODY void LEVEL(inner)(const rk_depthwise_geometry *g, ptrdiff_t *first, ptrdiff_t *end) {
    ptrdiff_t last = g->width - 1 - (g->kernel_width - 1) * g->dilation_width + g->left;
    *first = g->left > 0 ? rk_blocks(g->left, g->stride_width) : 0;
    *end = last >= 0 ? last / g->stride_width + 1 : 0;
    if (*end > g->output_width) *end = g->output_width;
    if (*first > *end) *first = *end;
}

static void LEVEL(depthwise_forward)(depthwise_row r, const rk_epilogue *e, ptrdiff_t place, float *output) {
    const rk_depthwise_geometry *g = r.g;
    LEVEL(tile_function) tiles[2];
    LEVEL(tiles_for)(g, tiles);
    ptrdiff_t first, end, ox = 0;
    LEVEL(inner)(g, &first, &end);
    for (; ox < g->output_width;) {
        ptrdiff_t x = ox * g->stride_width - g->left, to = place + ox * g->output_pixel;
        int inside = tiles[0] && ox >= first;
        if (inside && ox + 8 <= end) {
            tiles[0](r, x, e, to, output);
            ox += 8;
        } else if (inside && ox + 3 <= end) {
            tiles[1](r, x, e, to, output);
            ox += 3;
        } else {
            LEVEL(depthwise_pixel)(r, x, e, to, output);
            ox++;
        }
    }
}

// One row of the kernel over one row of the image: sums over its pixels stay in registers, two of each tap in turn.
RK_BODY void LEVEL(weight_row)(const rk_depthwise_geometry *g, const float *line, const float *dy, float *dw,
                               ptrdiff_t first, ptrdiff_t end, const int taps, const int stride) {
    enum { PIXELS = 4 };
    ptrdiff_t channels = g->channels;
    for (ptrdiff_t c = 0; c < channels; c += LANES) {
        // Channels of an overlapping last vector that another one has summed are not added again.
        ptrdiff_t seen = c + LANES > channels ? c - (channels - LANES) : 0;
        c -= seen;
        VEC sum[5][2];
        RK_UNROLL for (int k = 0; k < taps; k++) sum[k][0] = sum[k][1] = (VEC){0};
        for (ptrdiff_t ox = 0; ox < g->output_width;) {
            ptrdiff_t x = ox * stride - g->left;
            const float *up = dy + ox * channels + c;
            if (ox >= first && ox + PIXELS <= end) {
                const float *input = line + x * channels + c;
                VEC upstream[PIXELS];
                RK_UNROLL for (int p = 0; p < PIXELS; p++) upstream[p] = LOAD(up + p * channels);
                RK_UNROLL for (int i = 0; i < (PIXELS - 1) * stride + taps; i++) {
                    VEC pixel = LOAD(input + i * channels);
                    RK_UNROLL for (int k = 0; k < taps; k++) {
                        int p = (i - k) / stride;
                        if (i >= k && (i - k) % stride == 0 && p < PIXELS) sum[k][p % 2] += pixel * upstream[p];
                    }
                }
                ox += PIXELS;
                continue;
            }
            VEC upstream = LOAD(up);
            RK_UNROLL for (int k = 0; k < taps; k++) {
                if (x + k >= 0 && x + k < g->width) sum[k][0] += LOAD(line + (x + k) * channels + c) * upstream;
            }
            ox++;
        }
        RK_UNROLL for (int k = 0; k < taps; k++) {
            float *to = dw + k * channels + c;
            VEC total = sum[k][0] + sum[k][1];
            if (seen) {
                float values[LANES];
                STORE(values, total);
                for (ptrdiff_t lane = seen; lane < LANES; lane++) to[lane] += values[lane];
            } else {
                STORE(to, LOAD(to) + total);
            }
        }
    }
}

// The same for any width of the kernel, tap by tap.
RK_BODY void LEVEL(weight_row_of_any)(const rk_depthwise_geometry *g, const float *line, const float *dy, float *dw) {
    ptrdiff_t channels = g->channels, step = g->stride_width;
    for (ptrdiff_t k = 0; k < g->kernel_width; k++) {
        for (ptrdiff_t ox = 0; ox < g->output_width; ox++) {
            ptrdiff_t x = ox * step - g->left + k * g->dilation_width, c = 0;
            if (x < 0 || x >= g->width) continue;
            const float *pixel = line + x * channels, *up = dy + ox * channels;
            float *to = dw + k * channels;
            for (; c + LANES <= channels; c += LANES) STORE(to + c, LOAD(to + c) + LOAD(pixel + c) * LOAD(up + c));
            for (; c < channels; c++) to[c] += pixel[c] * up[c];
        }
    }
}

#define RK_DEPTHWISE_WEIGHTS(taps, stride)                                                                            \
    static RK_ALONE void LEVEL(weight_row_##taps##_##stride)(const rk_depthwise_geometry *g, const float *line,       \
                                                             const float *dy, float *dw, ptrdiff_t first,             \
                                                             ptrdiff_t end) {                                         \
        LEVEL(weight_row)(g, line, dy, dw, first, end, taps, stride);                                                 \
    }
RK_DEPTHWISE_WEIGHTS(3, 1) RK_DEPTHWISE_WEIGHTS(3, 2) RK_DEPTHWISE_WEIGHTS(5, 1) RK_DEPTHWISE_WEIGHTS(5, 2)
#undef RK_DEPTHWISE_WEIGHTS

static void LEVEL(depthwise_weights)(depthwise_row r, const float *dy, float *dw) {
    const rk_depthwise_geometry *g = r.g;
    ptrdiff_t first, end, line = g->dilation_height * g->width * g->channels;
    LEVEL(inner)(g, &first, &end);
    int stride = g->dilation_width == 1 ? (int)g->stride_width : 0;
    for (ptrdiff_t row = 0; row < r.rows; row++, dw += g->kernel_width * g->channels) {
        const float *input = r.input + row * line;
        if (g->kernel_width == 3 && stride == 1) {
            LEVEL(weight_row_3_1)(g, input, dy, dw, first, end);
        } else if (g->kernel_width == 3 && stride == 2) {
            LEVEL(weight_row_3_2)(g, input, dy, dw, first, end);
        } else if (g->kernel_width == 5 && stride == 1) {
            LEVEL(weight_row_5_1)(g, input, dy, dw, first, end);
        } else if (g->kernel_width == 5 && stride == 2) {
            LEVEL(weight_row_5_2)(g, input, dy, dw, first, end);
        } else {
            LEVEL(weight_row_of_any)(g, input, dy, dw);
        }
    }
}

static const depthwise_kernels LEVEL(kernels) = {LANES, LEVEL(depthwise_forward), LEVEL(depthwise_weights)};

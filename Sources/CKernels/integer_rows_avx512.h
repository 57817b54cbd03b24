// Tiles of up to 8 pixels × 32 channels, or 16 × 16, in 16 registers. Included once for each way to compute LEVEL(dot): the sums of
// 4 products of unsigned and signed bytes in each 32-bit lane.

// 16 channels of up to four pixels.
RK_BODY void LEVEL(store)(const rk_integer_rows *p, const rk_steps_of_avx512 *q, const float *scale,
                          const __m512i sums[4], const rk_four_pixels *at, uint8_t *bytes, float *floats) {
    if (bytes) {
        rk_store_four_avx512(sums, q, at, bytes);
        return;
    }
    __mmask16 mask = at->channels >= BLOCK ? (__mmask16)0xFFFF : (__mmask16)((1u << at->channels) - 1);
    __m512 factor = _mm512_loadu_ps(scale + at->channel);
    for (ptrdiff_t i = 0; i < at->pixels; i++) {
        float *to = floats + at->place + i * p->output_stride;
        _mm512_mask_storeu_ps(to, mask, _mm512_mul_ps(_mm512_cvtepi32_ps(sums[i]), factor));
    }
}

RK_BODY void LEVEL(tile)(const rk_integer_rows *p, const rk_requantization *q, const float *scale, ptrdiff_t pixel,
                         const int pixels, ptrdiff_t block, const int blocks, uint8_t *bytes, float *floats) {
    ptrdiff_t groups = rk_blocks(p->segment_length, GROUP);
    ptrdiff_t block_size = p->segments * groups * GROUP * BLOCK;
    const int8_t *w = p->weights + block * block_size;
    const uint8_t *x = p->input + pixel * p->pixel_stride;
    __m512i sums[16][2];
    RK_UNROLL for (int j = 0; j < blocks; j++) {
        __m512i bias = _mm512_loadu_si512(p->bias + (block + j) * BLOCK);
        RK_UNROLL for (int i = 0; i < pixels; i++) sums[i][j] = bias;
    }
    for (ptrdiff_t s = 0; s < p->segments; s++) {
        const uint8_t *run = x + p->segment_offsets[s];
        for (ptrdiff_t g = 0; g < groups; g++, run += GROUP, w += GROUP * BLOCK) {
            __m512i weights[2];
            RK_UNROLL for (int j = 0; j < blocks; j++) weights[j] = _mm512_loadu_si512(w + j * block_size);
            RK_UNROLL for (int i = 0; i < pixels; i++) {
                int32_t four;
                memcpy(&four, run + i * p->pixel_stride, sizeof four);
                __m512i inputs = _mm512_set1_epi32(four);
                RK_UNROLL for (int j = 0; j < blocks; j++) sums[i][j] = LEVEL(dot)(sums[i][j], inputs, weights[j]);
            }
        }
    }
    rk_steps_of_avx512 steps = {0};
    if (q) steps = rk_in_registers_avx512(q);
    RK_UNROLL for (int j = 0; j < blocks; j++) {
        RK_UNROLL for (int i = 0; i < pixels; i += 4) {
            __m512i four[4];
            RK_UNROLL for (int k = 0; k < 4; k++) four[k] = sums[i + k < pixels ? i + k : i][j];
            rk_four_pixels at = four_pixels(p, pixel + i, pixels - i, (block + j) * BLOCK);
            LEVEL(store)(p, &steps, scale, four, &at, bytes, floats);
        }
    }
}

// Tiles are functions of their own, for constant numbers of pixels and blocks: inlined into one, their sums would not stay in
// registers.
#define TILE(n)                                                                                                        \
    static RK_ALONE void LEVEL(tile_##n##x1)(const rk_integer_rows *p, const rk_requantization *q, const float *scale, \
                                             ptrdiff_t pixel, ptrdiff_t block, uint8_t *bytes, float *floats) {        \
        LEVEL(tile)(p, q, scale, pixel, n, block, 1, bytes, floats);                                                   \
    }
#define TILES(n)                                                                                                       \
    TILE(n)                                                                                                            \
    static RK_ALONE void LEVEL(tile_##n##x2)(const rk_integer_rows *p, const rk_requantization *q, const float *scale, \
                                             ptrdiff_t pixel, ptrdiff_t block, uint8_t *bytes, float *floats) {        \
        LEVEL(tile)(p, q, scale, pixel, n, block, 2, bytes, floats);                                                   \
    }
TILES(1) TILES(2) TILES(3) TILES(4) TILES(5) TILES(6) TILES(7) TILES(8)
TILE(9) TILE(10) TILE(11) TILE(12) TILE(13) TILE(14) TILE(15) TILE(16)
#undef TILES
#undef TILE
#define NAME(n) LEVEL(tile_##n##x1)
static const tile_function LEVEL(narrow_tiles)[16] = {
    NAME(1), NAME(2), NAME(3), NAME(4), NAME(5), NAME(6), NAME(7), NAME(8),
    NAME(9), NAME(10), NAME(11), NAME(12), NAME(13), NAME(14), NAME(15), NAME(16),
};
#undef NAME
#define NAME(n) LEVEL(tile_##n##x2)
static const tile_function LEVEL(wide_tiles)[8] = {
    NAME(1), NAME(2), NAME(3), NAME(4), NAME(5), NAME(6), NAME(7), NAME(8),
};
#undef NAME

static void LEVEL(all_tiles)(const rk_integer_rows *p, const rk_requantization *q, const float *scale, uint8_t *bytes,
                            float *floats) {
    ptrdiff_t count = rk_blocks(p->channels, BLOCK);
    for (ptrdiff_t block = 0; block < count; block += 2) {
        int isWide = block + 2 <= count;
        // Tiles of about one size: 14 pixels are two of 7, not one of 8 and many small ones.
        ptrdiff_t tiles = rk_blocks(p->pixels, isWide ? 8 : 16);
        for (ptrdiff_t pixel = 0, size; tiles > 0; tiles--, pixel += size) {
            size = rk_blocks(p->pixels - pixel, tiles);
            (isWide ? LEVEL(wide_tiles) : LEVEL(narrow_tiles))[size - 1](p, q, scale, pixel, block, bytes, floats);
        }
    }
}

// Tiles of up to 4 pixels × 16 channels in 8 registers; products of 16-bit numbers as in dot_avx512, and for its reason.

RK_BODY __m256i dot_avx2(__m256i sum, __m256i x, __m256i w) {
    __m256i even = _mm256_madd_epi16(_mm256_and_si256(x, _mm256_set1_epi16(0xFF)), _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8));
    __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(w, 8));
    return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}

// 8 channels of up to four pixels.
RK_BODY void store_avx2(const rk_integer_rows *p, const rk_steps_of_avx2 *q, const float *scale,
                        const __m256i sums[4], const rk_four_pixels *at, uint8_t *bytes, float *floats) {
    if (bytes) {
        rk_store_four_avx2(sums, q, at, bytes);
        return;
    }
    __m256 factor = _mm256_loadu_ps(scale + at->channel);
    size_t size = sizeof(float) * (size_t)(at->channels < 8 ? at->channels : 8);
    for (ptrdiff_t i = 0; i < at->pixels; i++) {
        float values[8];
        _mm256_storeu_ps(values, _mm256_mul_ps(_mm256_cvtepi32_ps(sums[i]), factor));
        memcpy(floats + at->place + i * p->output_stride, values, size);
    }
}

RK_BODY void tile_avx2(const rk_integer_rows *p, const rk_requantization *q, const float *scale, ptrdiff_t pixel,
                       const int pixels, ptrdiff_t block, uint8_t *bytes, float *floats) {
    ptrdiff_t groups = rk_blocks(p->segment_length, GROUP);
    const int8_t *w = p->weights + block * p->segments * groups * GROUP * BLOCK;
    const uint8_t *x = p->input + pixel * p->pixel_stride;
    __m256i sums[4][2];
    RK_UNROLL for (int half = 0; half < 2; half++) {
        __m256i bias = _mm256_loadu_si256((const __m256i *)(p->bias + block * BLOCK + half * 8));
        RK_UNROLL for (int i = 0; i < pixels; i++) sums[i][half] = bias;
    }
    for (ptrdiff_t s = 0; s < p->segments; s++) {
        const uint8_t *run = x + p->segment_offsets[s];
        for (ptrdiff_t g = 0; g < groups; g++, run += GROUP, w += GROUP * BLOCK) {
            __m256i first = _mm256_loadu_si256((const __m256i *)w), second = _mm256_loadu_si256((const __m256i *)w + 1);
            RK_UNROLL for (int i = 0; i < pixels; i++) {
                int32_t four;
                memcpy(&four, run + i * p->pixel_stride, sizeof four);
                __m256i inputs = _mm256_set1_epi32(four);
                sums[i][0] = dot_avx2(sums[i][0], inputs, first);
                sums[i][1] = dot_avx2(sums[i][1], inputs, second);
            }
        }
    }
    rk_steps_of_avx2 steps = {0};
    if (q) steps = rk_in_registers_avx2(q);
    RK_UNROLL for (int half = 0; half < 2; half++) {
        if (block * BLOCK + half * 8 >= p->channels) return;
        __m256i four[4];
        RK_UNROLL for (int k = 0; k < 4; k++) four[k] = sums[k < pixels ? k : 0][half];
        rk_four_pixels at = four_pixels(p, pixel, pixels, block * BLOCK + half * 8);
        store_avx2(p, &steps, scale, four, &at, bytes, floats);
    }
}

#define TILE(n)                                                                                                     \
    static RK_ALONE void tile_##n##_avx2(const rk_integer_rows *p, const rk_requantization *q, const float *scale,  \
                                         ptrdiff_t pixel, ptrdiff_t block, uint8_t *bytes, float *floats) {         \
        tile_avx2(p, q, scale, pixel, n, block, bytes, floats);                                                     \
    }
TILE(1) TILE(2) TILE(3) TILE(4)
#undef TILE
static const tile_function tiles_avx2[4] = {tile_1_avx2, tile_2_avx2, tile_3_avx2, tile_4_avx2};

static void all_tiles_avx2(const rk_integer_rows *p, const rk_requantization *q, const float *scale, uint8_t *bytes,
                          float *floats) {
    for (ptrdiff_t block = 0; block < rk_blocks(p->channels, BLOCK); block++) {
        ptrdiff_t tiles = rk_blocks(p->pixels, 4);
        for (ptrdiff_t pixel = 0, size; tiles > 0; tiles--, pixel += size) {
            size = rk_blocks(p->pixels - pixel, tiles);
            tiles_avx2[size - 1](p, q, scale, pixel, block, bytes, floats);
        }
    }
}

// Tiles of up to 8 pixels × 32 channels, or 16 × 16, in 16 registers. Included once for each way to compute LEVEL(dot): the sums of
// 4 products of unsigned and signed bytes in each 32-bit lane.

RK_BODY void LEVEL(store)(const rk_integer_rows *p, const rk_requantization *q, const float *scale, __m512i sum,
                          ptrdiff_t pixel, ptrdiff_t channel, uint8_t *bytes, float *floats) {
    ptrdiff_t place = pixel * p->output_stride + channel;
    ptrdiff_t left = p->channels - channel;
    __mmask16 mask = left >= BLOCK ? (__mmask16)0xFFFF : (__mmask16)((1u << left) - 1);
    __m512 value = _mm512_cvtepi32_ps(sum);
    if (floats) {
        _mm512_mask_storeu_ps(floats + place, mask, _mm512_mul_ps(value, _mm512_loadu_ps(scale + channel)));
        return;
    }
    value = _mm512_mul_ps(value, _mm512_loadu_ps(q->multiplier + channel));
    if (q->residual) {
        __m512i other = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, q->residual + place));
        other = _mm512_sub_epi32(other, _mm512_set1_epi32(q->residual_zero));
        __m512 term = _mm512_mul_ps(_mm512_cvtepi32_ps(other), _mm512_set1_ps(q->residual_multiplier));
        value = _mm512_add_ps(value, term);
    }
    value = _mm512_min_ps(_mm512_max_ps(value, _mm512_set1_ps(q->low)), _mm512_set1_ps(q->high));
    __m512i rounded = _mm512_add_epi32(_mm512_cvtps_epi32(value), _mm512_set1_epi32(q->zero));
    _mm_mask_storeu_epi8(bytes + place, mask, _mm512_cvtepi32_epi8(rounded));
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
    // A copy, which may live in memory: what a loop indexes does, and sums must not.
    __m512i done[16][2];
    RK_UNROLL for (int i = 0; i < pixels; i++) {
        RK_UNROLL for (int j = 0; j < blocks; j++) done[i][j] = sums[i][j];
    }
    for (int i = 0; i < pixels; i++) {
        for (int j = 0; j < blocks; j++) {
            LEVEL(store)(p, q, scale, done[i][j], pixel + i, (block + j) * BLOCK, bytes, floats);
        }
    }
}

// The number of pixels and blocks of a tile is a constant where it is called, so that sums stay in registers.
#define TILE(count) \
    case count: LEVEL(tile)(p, q, scale, pixel, count, block, blocks, bytes, floats); break
RK_BODY void LEVEL(strip)(const rk_integer_rows *p, const rk_requantization *q, const float *scale, ptrdiff_t block,
                          const int blocks, uint8_t *bytes, float *floats) {
    // Tiles of about one size: 14 pixels are two of 7, not one of 8 and many small ones.
    ptrdiff_t tiles = rk_blocks(p->pixels, blocks == 1 ? 16 : 8);
    for (ptrdiff_t pixel = 0, size; tiles > 0; tiles--, pixel += size) {
        size = rk_blocks(p->pixels - pixel, tiles);
        if (blocks == 1) {
            switch (size) { TILE(9); TILE(10); TILE(11); TILE(12); TILE(13); TILE(14); TILE(15); TILE(16); }
        }
        switch (size) { TILE(1); TILE(2); TILE(3); TILE(4); TILE(5); TILE(6); TILE(7); TILE(8); }
    }
}
#undef TILE

static void LEVEL(all_rows)(const rk_integer_rows *p, const rk_requantization *q, const float *scale, uint8_t *bytes,
                            float *floats) {
    ptrdiff_t count = rk_blocks(p->channels, BLOCK), block = 0;
    for (; block + 2 <= count; block += 2) LEVEL(strip)(p, q, scale, block, 2, bytes, floats);
    if (block < count) LEVEL(strip)(p, q, scale, block, 1, bytes, floats);
}

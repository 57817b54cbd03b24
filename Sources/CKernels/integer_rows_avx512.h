// Tiles of up to 8 pixels × 32 channels in 16 registers. Included once for each way to compute LEVEL(dot): the sums of
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
    __m512i sums[8][2];
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
    __m512i done[8][2];
    RK_UNROLL for (int i = 0; i < pixels; i++) {
        RK_UNROLL for (int j = 0; j < blocks; j++) done[i][j] = sums[i][j];
    }
    for (int i = 0; i < pixels; i++) {
        for (int j = 0; j < blocks; j++) {
            LEVEL(store)(p, q, scale, done[i][j], pixel + i, (block + j) * BLOCK, bytes, floats);
        }
    }
}

// The number of pixels and blocks of each tile is a constant where it is called, so that sums stay in registers.
RK_BODY void LEVEL(strip)(const rk_integer_rows *p, const rk_requantization *q, const float *scale, ptrdiff_t block,
                          const int blocks, uint8_t *bytes, float *floats) {
    ptrdiff_t pixel = 0;
    for (; pixel + 8 <= p->pixels; pixel += 8) LEVEL(tile)(p, q, scale, pixel, 8, block, blocks, bytes, floats);
    if (p->pixels - pixel >= 4) {
        LEVEL(tile)(p, q, scale, pixel, 4, block, blocks, bytes, floats);
        pixel += 4;
    }
    for (; pixel < p->pixels; pixel++) LEVEL(tile)(p, q, scale, pixel, 1, block, blocks, bytes, floats);
}

static void LEVEL(all_rows)(const rk_integer_rows *p, const rk_requantization *q, const float *scale, uint8_t *bytes,
                            float *floats) {
    ptrdiff_t count = rk_blocks(p->channels, BLOCK), block = 0;
    for (; block + 2 <= count; block += 2) LEVEL(strip)(p, q, scale, block, 2, bytes, floats);
    if (block < count) LEVEL(strip)(p, q, scale, block, 1, bytes, floats);
}

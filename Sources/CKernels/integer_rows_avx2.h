// Tiles of up to 4 pixels × 16 channels in 8 registers; products of 16-bit numbers as in dot_avx512, and for its reason.

RK_BODY __m256i dot_avx2(__m256i sum, __m256i x, __m256i w) {
    __m256i even = _mm256_madd_epi16(_mm256_and_si256(x, _mm256_set1_epi16(0xFF)), _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8));
    __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(w, 8));
    return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}

RK_BODY __m256i requantized_avx2(const rk_requantization *q, __m256i sum, ptrdiff_t channel, __m128i residual) {
    __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(q->multiplier + channel));
    if (q->residual) {
        __m256i other = _mm256_sub_epi32(_mm256_cvtepu8_epi32(residual), _mm256_set1_epi32(q->residual_zero));
        __m256 term = _mm256_mul_ps(_mm256_cvtepi32_ps(other), _mm256_set1_ps(q->residual_multiplier));
        value = _mm256_add_ps(value, term);
    }
    value = _mm256_min_ps(_mm256_max_ps(value, _mm256_set1_ps(q->low)), _mm256_set1_ps(q->high));
    return _mm256_add_epi32(_mm256_cvtps_epi32(value), _mm256_set1_epi32(q->zero));
}

RK_BODY void store_avx2(const rk_integer_rows *p, const rk_requantization *q, const float *scale,
                        const __m256i sums[2], ptrdiff_t pixel, ptrdiff_t channel, uint8_t *bytes, float *floats) {
    ptrdiff_t place = pixel * p->output_stride + channel;
    ptrdiff_t left = p->channels - channel < BLOCK ? p->channels - channel : BLOCK;
    if (floats) {
        float values[BLOCK];
        for (int half = 0; half < 2; half++) {
            __m256 factor = _mm256_loadu_ps(scale + channel + half * 8);
            _mm256_storeu_ps(values + half * 8, _mm256_mul_ps(_mm256_cvtepi32_ps(sums[half]), factor));
        }
        memcpy(floats + place, values, (size_t)left * sizeof *values);
        return;
    }
    uint8_t edge[BLOCK] = {0};
    const uint8_t *residual = q->residual ? q->residual + place : edge;
    if (q->residual && left < BLOCK) {
        memcpy(edge, residual, (size_t)left);
        residual = edge;
    }
    __m128i other = _mm_loadu_si128((const __m128i *)residual);
    __m256i low = requantized_avx2(q, sums[0], channel, other);
    __m256i high = requantized_avx2(q, sums[1], channel + 8, _mm_srli_si128(other, 8));
    // packs works within 128-bit lanes; the permutation puts the quarters in order.
    __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xD8);
    __m128i result = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    if (left == BLOCK) {
        _mm_storeu_si128((__m128i *)(bytes + place), result);
    } else {
        _mm_storeu_si128((__m128i *)edge, result);
        memcpy(bytes + place, edge, (size_t)left);
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
    // A copy, which may live in memory: what a loop indexes does, and sums must not.
    __m256i done[4][2];
    RK_UNROLL for (int i = 0; i < pixels; i++) {
        done[i][0] = sums[i][0];
        done[i][1] = sums[i][1];
    }
    for (int i = 0; i < pixels; i++) store_avx2(p, q, scale, done[i], pixel + i, block * BLOCK, bytes, floats);
}

static void all_rows_avx2(const rk_integer_rows *p, const rk_requantization *q, const float *scale, uint8_t *bytes,
                          float *floats) {
    for (ptrdiff_t block = 0; block < rk_blocks(p->channels, BLOCK); block++) {
        // As in integer_rows_avx512.h: tiles of about one size, each a constant where it is called.
        ptrdiff_t tiles = rk_blocks(p->pixels, 4);
        for (ptrdiff_t pixel = 0, size; tiles > 0; tiles--, pixel += size) {
            size = rk_blocks(p->pixels - pixel, tiles);
            switch (size) {
            case 1: tile_avx2(p, q, scale, pixel, 1, block, bytes, floats); break;
            case 2: tile_avx2(p, q, scale, pixel, 2, block, bytes, floats); break;
            case 3: tile_avx2(p, q, scale, pixel, 3, block, bytes, floats); break;
            case 4: tile_avx2(p, q, scale, pixel, 4, block, bytes, floats); break;
            }
        }
    }
}

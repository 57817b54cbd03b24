// Sums in registers to bytes in memory: four pixels of a vector of channels at once, for AVX2 (8 channels) and AVX-512
// (16).
//
// Saturation is the packing's own: below, what no 32 bits hold becomes the least of them and is cut like the rest;
// above, it would become that too, so values are bounded by `high` before. The order of the minimum's arguments keeps
// NaN, whose conversion is the least number again: the lowest byte, as in rk_requantized.
#ifndef RETORT_INTEGER_REQUANTIZE_H
#define RETORT_INTEGER_REQUANTIZE_H

#include "integer.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

// What is behind the last channel of a residual is not read, of an output not written.
typedef struct {
    ptrdiff_t place;     // of the first pixel's first channel, in output and residual
    ptrdiff_t pixel;     // bytes from pixel to pixel
    ptrdiff_t pixels;    // 1 ... 4
    ptrdiff_t channels;  // that are left
} rk_four_pixels;

// The byte that ReLU cuts at.
RK_BODY uint8_t rk_lowest_byte(const rk_requantization *q) { return (uint8_t)((int32_t)q->low + q->zero); }

// An rk_requantization in registers: read again after every store of a byte, which could be anybody's, it would take as
// long as the arithmetic.
typedef struct {
    __m256 high, residual_multiplier;
    __m256i zero, lowest, residual_zero;
    const uint8_t *residual;
} rk_steps_of_avx2;
typedef struct {
    __m512 high, residual_multiplier;
    __m512i zero, lowest, residual_zero;
    const uint8_t *residual;
} rk_steps_of_avx512;

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

RK_BODY rk_steps_of_avx2 rk_in_registers_avx2(const rk_requantization *q) {
    return (rk_steps_of_avx2){
        _mm256_set1_ps(q->high), _mm256_set1_ps(q->residual_multiplier), _mm256_set1_epi16((short)q->zero),
        _mm256_set1_epi8((char)rk_lowest_byte(q)), _mm256_set1_epi32(q->residual_zero), q->residual,
    };
}

RK_BODY __m256i rk_steps_avx2(__m256i sum, __m256 multiplier, const rk_steps_of_avx2 *q, const uint8_t *residual,
                              ptrdiff_t channels) {
    __m256 value = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), multiplier);
    if (residual) {
        uint64_t bytes = 0;
        if (channels >= 8) memcpy(&bytes, residual, 8);
        else memcpy(&bytes, residual, (size_t)channels);
        __m256i other = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)bytes));
        other = _mm256_sub_epi32(other, q->residual_zero);
        __m256 term = _mm256_mul_ps(_mm256_cvtepi32_ps(other), q->residual_multiplier);
        value = _mm256_add_ps(value, term);
    }
    return _mm256_cvtps_epi32(_mm256_min_ps(q->high, value));
}

// Each pixel's sums have a multiplier of their own.
RK_BODY void rk_store_four_avx2(const __m256i sums[4], const __m256 multipliers[4], const rk_steps_of_avx2 *q,
                                const rk_four_pixels *at, uint8_t *y) {
    __m256i steps[4];
    RK_UNROLL for (int i = 0; i < 4; i++) {
        const uint8_t *residual = q->residual ? q->residual + at->place + (i < at->pixels ? i : 0) * at->pixel : NULL;
        steps[i] = rk_steps_avx2(sums[i], multipliers[i], q, residual, at->channels);
    }
    __m256i first = _mm256_adds_epi16(_mm256_packs_epi32(steps[0], steps[1]), q->zero);
    __m256i second = _mm256_adds_epi16(_mm256_packs_epi32(steps[2], steps[3]), q->zero);
    __m256i bytes = _mm256_max_epu8(_mm256_packus_epi16(first, second), q->lowest);
    // Packing leaves a pixel's halves in the two lanes.
    bytes = _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    uint8_t *to = y + at->place;
    if (at->channels >= 8) {
        __m128i low = _mm256_castsi256_si128(bytes), high = _mm256_extracti128_si256(bytes, 1);
        _mm_storel_epi64((__m128i *)to, low);
        if (at->pixels > 1) _mm_storeh_pd((double *)(to + at->pixel), _mm_castsi128_pd(low));
        if (at->pixels > 2) _mm_storel_epi64((__m128i *)(to + 2 * at->pixel), high);
        if (at->pixels > 3) _mm_storeh_pd((double *)(to + 3 * at->pixel), _mm_castsi128_pd(high));
        return;
    }
    uint8_t all[32];
    _mm256_storeu_si256((__m256i *)all, bytes);
    for (ptrdiff_t i = 0; i < at->pixels; i++) memcpy(to + i * at->pixel, all + 8 * i, (size_t)at->channels);
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)

RK_BODY rk_steps_of_avx512 rk_in_registers_avx512(const rk_requantization *q) {
    return (rk_steps_of_avx512){
        _mm512_set1_ps(q->high), _mm512_set1_ps(q->residual_multiplier), _mm512_set1_epi16((short)q->zero),
        _mm512_set1_epi8((char)rk_lowest_byte(q)), _mm512_set1_epi32(q->residual_zero), q->residual,
    };
}

RK_BODY __m512i rk_steps_avx512(__m512i sum, __m512 multiplier, const rk_steps_of_avx512 *q, const uint8_t *residual,
                                __mmask16 mask) {
    __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), multiplier);
    if (residual) {
        __m512i other = _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, residual));
        other = _mm512_sub_epi32(other, q->residual_zero);
        __m512 term = _mm512_mul_ps(_mm512_cvtepi32_ps(other), q->residual_multiplier);
        value = _mm512_add_ps(value, term);
    }
    return _mm512_cvtps_epi32(_mm512_min_ps(q->high, value));
}

RK_BODY void rk_store_four_avx512(const __m512i sums[4], const __m512 multipliers[4], const rk_steps_of_avx512 *q,
                                  const rk_four_pixels *at, uint8_t *y) {
    __mmask16 mask = at->channels >= 16 ? (__mmask16)0xFFFF : (__mmask16)((1u << at->channels) - 1);
    __m512i steps[4];
    RK_UNROLL for (int i = 0; i < 4; i++) {
        const uint8_t *residual = q->residual ? q->residual + at->place + (i < at->pixels ? i : 0) * at->pixel : NULL;
        steps[i] = rk_steps_avx512(sums[i], multipliers[i], q, residual, mask);
    }
    __m512i first = _mm512_adds_epi16(_mm512_packs_epi32(steps[0], steps[1]), q->zero);
    __m512i second = _mm512_adds_epi16(_mm512_packs_epi32(steps[2], steps[3]), q->zero);
    __m512i bytes = _mm512_max_epu8(_mm512_packus_epi16(first, second), q->lowest);
    // Packing leaves a pixel's quarters in the four lanes.
    bytes = _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), bytes);
    uint8_t *to = y + at->place;
    if (at->channels >= 16) {
        if (at->pixel == 16 && at->pixels == 4) {
            _mm512_storeu_si512(to, bytes);
            return;
        }
        _mm_storeu_si128((__m128i *)to, _mm512_castsi512_si128(bytes));
        if (at->pixels > 1) _mm_storeu_si128((__m128i *)(to + at->pixel), _mm512_extracti32x4_epi32(bytes, 1));
        if (at->pixels > 2) _mm_storeu_si128((__m128i *)(to + 2 * at->pixel), _mm512_extracti32x4_epi32(bytes, 2));
        if (at->pixels > 3) _mm_storeu_si128((__m128i *)(to + 3 * at->pixel), _mm512_extracti32x4_epi32(bytes, 3));
        return;
    }
    uint8_t all[64];
    _mm512_storeu_si512(all, bytes);
    for (ptrdiff_t i = 0; i < at->pixels; i++) memcpy(to + i * at->pixel, all + 16 * i, (size_t)at->channels);
}
#pragma clang attribute pop
#endif

#endif

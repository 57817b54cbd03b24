#include "integer_requantize.h"

// Packed weights come in blocks of 16 channels; in a block, 4 consecutive bytes of a segment for each channel:
// 64 bytes, one AVX-512 register, two of AVX2.
enum { BLOCK = RK_INTEGER_BLOCK, GROUP = 4 };

size_t rk_integer_packed_size(ptrdiff_t segments, ptrdiff_t segment_length, ptrdiff_t channels) {
    return (size_t)(rk_blocks(channels, BLOCK) * BLOCK * segments * rk_blocks(segment_length, GROUP) * GROUP);
}

void rk_integer_pack(const int8_t *weights, ptrdiff_t row_stride, ptrdiff_t segments, ptrdiff_t segment_length,
                     ptrdiff_t channels, int8_t *packed) {
    ptrdiff_t groups = rk_blocks(segment_length, GROUP);
    memset(packed, 0, rk_integer_packed_size(segments, segment_length, channels));
    for (ptrdiff_t channel = 0; channel < channels; channel++) {
        int8_t *block = packed + channel / BLOCK * segments * groups * GROUP * BLOCK + channel % BLOCK * GROUP;
        for (ptrdiff_t s = 0; s < segments; s++) {
            for (ptrdiff_t i = 0; i < segment_length; i++) {
                block[(s * groups + i / GROUP) * GROUP * BLOCK + i % GROUP] =
                    weights[(s * segment_length + i) * row_stride + channel];
            }
        }
    }
}

// ---- the reference --------------------------------------------------------------------------------------------------

static int32_t sum_scalar(const rk_integer_rows *p, ptrdiff_t pixel, ptrdiff_t channel) {
    ptrdiff_t groups = rk_blocks(p->segment_length, GROUP);
    const int8_t *block = p->weights + channel / BLOCK * p->segments * groups * GROUP * BLOCK + channel % BLOCK * GROUP;
    int32_t sum = p->bias[channel];
    for (ptrdiff_t s = 0; s < p->segments; s++) {
        const uint8_t *x = p->input + pixel * p->pixel_stride + p->segment_offsets[s];
        for (ptrdiff_t i = 0; i < p->segment_length; i++) {
            sum += x[i] * block[(s * groups + i / GROUP) * GROUP * BLOCK + i % GROUP];
        }
    }
    return sum;
}

static void row_to_bytes_scalar(const rk_integer_rows *p, const rk_requantization *q, uint8_t *output) {
    for (ptrdiff_t pixel = 0; pixel < p->pixels; pixel++) {
        for (ptrdiff_t channel = 0; channel < p->channels; channel++) {
            ptrdiff_t place = pixel * p->output_stride + channel;
            float value = (float)sum_scalar(p, pixel, channel) * q->multiplier[channel];
            if (q->residual) {
                float other = (float)(q->residual[place] - q->residual_zero) * q->residual_multiplier;
                value = value + other;
            }
            output[place] = rk_requantized(value, q->low, q->high, q->zero);
        }
    }
}

static void row_to_floats_scalar(const rk_integer_rows *p, const float *scale, float *output) {
    for (ptrdiff_t pixel = 0; pixel < p->pixels; pixel++) {
        for (ptrdiff_t channel = 0; channel < p->channels; channel++) {
            output[pixel * p->output_stride + channel] = (float)sum_scalar(p, pixel, channel) * scale[channel];
        }
    }
}

// ---- the levels -----------------------------------------------------------------------------------------------------

#if defined(__x86_64__)

typedef void (*tile_function)(const rk_integer_rows *p, const rk_requantization *q, const float *scale, ptrdiff_t pixel,
                              ptrdiff_t block, uint8_t *bytes, float *floats);

RK_BODY rk_four_pixels four_pixels(const rk_integer_rows *p, ptrdiff_t pixel, ptrdiff_t pixels, ptrdiff_t channel) {
    return (rk_four_pixels){
        .place = pixel * p->output_stride + channel, .pixel = p->output_stride, .pixels = pixels < 4 ? pixels : 4,
        .channel = channel, .channels = p->channels - channel,
    };
}

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "integer_rows_avx2.h"
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
// Exact for all bytes: products of 16-bit numbers, two at a time. (maddubs saturates its 16-bit sums at 255 · 127 · 2.)
RK_BODY __m512i dot_avx512(__m512i sum, __m512i x, __m512i w) {
    __m512i even = _mm512_madd_epi16(_mm512_and_si512(x, _mm512_set1_epi16(0xFF)), _mm512_srai_epi16(_mm512_slli_epi16(w, 8), 8));
    __m512i odd = _mm512_madd_epi16(_mm512_srli_epi16(x, 8), _mm512_srai_epi16(w, 8));
    return _mm512_add_epi32(sum, _mm512_add_epi32(even, odd));
}
#define LEVEL(name) name##_avx512
#include "integer_rows_avx512.h"
#undef LEVEL
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
RK_BODY __m512i dot_vnni(__m512i sum, __m512i x, __m512i w) { return _mm512_dpbusd_epi32(sum, x, w); }
#define LEVEL(name) name##_vnni
#include "integer_rows_avx512.h"
#undef LEVEL
#pragma clang attribute pop

static void one_row_to_bytes(rk_simd_level level, const rk_integer_rows *p, const rk_requantization *q, uint8_t *output) {
    switch (level) {
    case RK_SIMD_AVX512VNNI: all_tiles_vnni(p, q, NULL, output, NULL); return;
    case RK_SIMD_AVX512: all_tiles_avx512(p, q, NULL, output, NULL); return;
    case RK_SIMD_AVX2: all_tiles_avx2(p, q, NULL, output, NULL); return;
    default: row_to_bytes_scalar(p, q, output); return;
    }
}

static void one_row_to_floats(rk_simd_level level, const rk_integer_rows *p, const float *scale, float *output) {
    switch (level) {
    case RK_SIMD_AVX512VNNI: all_tiles_vnni(p, NULL, scale, NULL, output); return;
    case RK_SIMD_AVX512: all_tiles_avx512(p, NULL, scale, NULL, output); return;
    case RK_SIMD_AVX2: all_tiles_avx2(p, NULL, scale, NULL, output); return;
    default: row_to_floats_scalar(p, scale, output); return;
    }
}
#else
static void one_row_to_bytes(rk_simd_level level, const rk_integer_rows *p, const rk_requantization *q, uint8_t *output) {
    (void)level;
    row_to_bytes_scalar(p, q, output);
}

static void one_row_to_floats(rk_simd_level level, const rk_integer_rows *p, const float *scale, float *output) {
    (void)level;
    row_to_floats_scalar(p, scale, output);
}
#endif

void rk_integer_rows_to_bytes(rk_simd_level level, const rk_integer_rows *rows, const rk_requantization *q,
                              uint8_t *output) {
    for (ptrdiff_t row = 0; row < rows->rows; row++) {
        rk_integer_rows one = rk_row(rows, row);
        rk_requantization own = rk_requantization_of_row(q, rows, row);
        one_row_to_bytes(level, &one, &own, output + row * rows->output_row);
    }
}

void rk_integer_rows_to_floats(rk_simd_level level, const rk_integer_rows *rows, const float *scale, float *output) {
    for (ptrdiff_t row = 0; row < rows->rows; row++) {
        rk_integer_rows one = rk_row(rows, row);
        one_row_to_floats(level, &one, scale, output + row * rows->output_row);
    }
}

#include "integer.h"

#include <string.h>

// A group is what one lane of 32 bits holds of a patch, 4 bytes or 2 numbers of 16 bits. Packed weights come in blocks
// of 16 channels; in a block, a group of each channel after another: 64 bytes, one AVX-512 register, two of AVX2.
enum { BLOCK = RK_INTEGER_BLOCK, LANE = 4, GROUP_OF_BLOCK = BLOCK * LANE };

int rk_integer_operand_size(rk_simd_level level) { return level == RK_SIMD_AVX2 || level == RK_SIMD_AVX512 ? 2 : 1; }

size_t rk_integer_packed_size(ptrdiff_t operand_size, ptrdiff_t segments, ptrdiff_t segment_length, ptrdiff_t channels) {
    return (size_t)(rk_blocks(channels, BLOCK) * segments * rk_blocks(segment_length * operand_size, LANE) * GROUP_OF_BLOCK);
}

void rk_integer_pack(ptrdiff_t operand_size, const int8_t *weights, ptrdiff_t row_stride, ptrdiff_t segments,
                     ptrdiff_t segment_length, ptrdiff_t channels, void *packed) {
    ptrdiff_t group = LANE / operand_size, groups = rk_blocks(segment_length, group);
    memset(packed, 0, rk_integer_packed_size(operand_size, segments, segment_length, channels));
    for (ptrdiff_t channel = 0; channel < channels; channel++) {
        for (ptrdiff_t s = 0; s < segments; s++) {
            for (ptrdiff_t i = 0; i < segment_length; i++) {
                int8_t weight = weights[(s * segment_length + i) * row_stride + channel];
                ptrdiff_t at = (channel / BLOCK * segments + s) * groups + i / group;
                at = (at * BLOCK + channel % BLOCK) * group + i % group;
                int16_t wide = weight;
                memcpy((char *)packed + at * operand_size, operand_size == 1 ? (void *)&weight : &wide, (size_t)operand_size);
            }
        }
    }
}

// Where results go, as bytes or else as numbers, and what sums are multiplied by, a channel each.
typedef struct {
    const rk_requantization *q;
    const float *factors;
    uint8_t *bytes;
    float *floats;
} rows_output;

// ---- the reference --------------------------------------------------------------------------------------------------

static int32_t sum_scalar(const rk_integer_rows *p, const uint8_t *patch, ptrdiff_t channel) {
    ptrdiff_t groups = rk_blocks(p->segment_length, LANE);
    const int8_t *block = (const int8_t *)p->weights + channel / BLOCK * p->segments * groups * GROUP_OF_BLOCK
                          + channel % BLOCK * LANE;
    int32_t sum = p->bias[channel];
    for (ptrdiff_t s = 0; s < p->segments; s++) {
        const uint8_t *x = patch + p->segment_offsets[s];
        for (ptrdiff_t i = 0; i < p->segment_length; i++) {
            sum += x[i] * block[(s * groups + i / LANE) * GROUP_OF_BLOCK + i % LANE];
        }
    }
    return sum;
}

static void all_rows_scalar(const rk_integer_rows *p, const rows_output *output) {
    for (ptrdiff_t row = 0; row < p->rows; row++) {
        for (ptrdiff_t pixel = 0; pixel < p->pixels; pixel++) {
            const uint8_t *patch = (const uint8_t *)p->input + row * p->input_row + pixel * p->pixel_stride;
            for (ptrdiff_t channel = 0; channel < p->channels; channel++) {
                ptrdiff_t place = row * p->output_row + pixel * p->output_stride + channel;
                float value = (float)sum_scalar(p, patch, channel) * output->factors[channel];
                if (output->bytes) output->bytes[place] = rk_byte_of(value, output->q, place);
                else output->floats[place] = value;
            }
        }
    }
}

// ---- the levels -----------------------------------------------------------------------------------------------------

#if defined(__x86_64__)
#define RK_TILES "integer_rows_tiles.h"
#include "each_integer_level.h"
#endif

static void all_rows(rk_simd_level level, const rk_integer_rows *p, const rows_output *output) {
    switch (level) {
#if defined(__x86_64__)
    case RK_SIMD_AVX512VNNI: (rk_fit_half(p->channels) ? all_rows_vnni256 : all_rows_vnni)(p, output); return;
    case RK_SIMD_AVX512: (rk_fit_half(p->channels) ? all_rows_avx2 : all_rows_avx512)(p, output); return;
    case RK_SIMD_AVX2: all_rows_avx2(p, output); return;
#endif
    default: all_rows_scalar(p, output); return;
    }
}

void rk_integer_rows_to_bytes(rk_simd_level level, const rk_integer_rows *rows, const rk_requantization *q,
                              uint8_t *output) {
    rows_output to = {.q = q, .factors = q->multiplier, .bytes = output};
    all_rows(level, rows, &to);
}

void rk_integer_rows_to_floats(rk_simd_level level, const rk_integer_rows *rows, const float *scale, float *output) {
    rows_output to = {.factors = scale, .floats = output};
    all_rows(level, rows, &to);
}

// Kernels on integers. Part of CKernels.h, which has the contracts.
//
// A byte b of an activation stands for scale · (b − zero). Every function takes the level, gives the same bits on each,
// and rounds half to even. Float arithmetic is single precision, one rounding an operation, never fused.
#ifndef RETORT_CKERNELS_INTEGER_H
#define RETORT_CKERNELS_INTEGER_H

#include <stddef.h>
#include <stdint.h>

#include "CKernelsDispatch.h"
#include "CKernelsFloat.h"

#ifdef __cplusplus
extern "C" {
#endif

/// What turns 32-bit sums into bytes: relu and saturation are the bounds.
///
/// y = zero + round(clamp(sum · multiplier[channel] (+ (residual − residual_zero) · residual_multiplier), low, high))
typedef struct {
    const float *multiplier;  // a channel each; rk_integer_rows_to_bytes reads whole blocks of RK_INTEGER_BLOCK
    const uint8_t *residual;  // laid out as the output, or NULL
    float residual_multiplier;
    int32_t residual_zero;
    float low, high;  // −zero (0 with relu) and 255 − zero
    int32_t zero;
} rk_requantization;

/// Bytes of the numbers that a level reads patches and weights as: 1 where it multiplies bytes, 2 where 16-bit numbers.
int rk_integer_operand_size(rk_simd_level level);

/// Pixels of rows of a convolution's output, or rows of a matrix product: consecutive patches times weights.
///
/// A patch is `segments` runs of `segment_length` operands; distances in the input count operands. Up to 3 bytes behind
/// the last run of the last patch are read.
typedef struct {
    const void *input;                 // the first patch; numbers of 16 bits at an even address
    ptrdiff_t pixel_stride;            // from patch to patch
    const ptrdiff_t *segment_offsets;  // where each run begins, from the patch's begin
    ptrdiff_t segments, segment_length;
    const void *weights;  // from rk_integer_pack, of the level's operands
    const int32_t *bias;  // a channel each, in blocks of RK_INTEGER_BLOCK
    ptrdiff_t pixels, channels;
    ptrdiff_t output_stride;                // elements from pixel to pixel
    ptrdiff_t rows, input_row, output_row;  // how many, and from row to row
} rk_integer_rows;

/// Output channels that are computed together, at least; packed weights, biases and multipliers are filled up to it.
enum { RK_INTEGER_BLOCK = 16 };

/// Bytes of packed weights.
size_t rk_integer_packed_size(ptrdiff_t operand_size, ptrdiff_t segments, ptrdiff_t segment_length, ptrdiff_t channels);
/// weights [segments · segment_length, row_stride], of which `channels` are taken, to [channels / 16, segments,
/// segment_length / group, 16, group], both divisions rounded up, filled with zeros; a group is 4 bytes of operands.
void rk_integer_pack(ptrdiff_t operand_size, const int8_t *weights, ptrdiff_t row_stride, ptrdiff_t segments,
                     ptrdiff_t segment_length, ptrdiff_t channels, void *packed);
/// output [rows, pixels, output_stride] = requantised(bias + patches · weights). Sums must fit 32 bits.
void rk_integer_rows_to_bytes(rk_simd_level level, const rk_integer_rows *rows, const rk_requantization *q,
                              uint8_t *output);
/// output = (bias + patches · weights) · scale[channel], scales in blocks of RK_INTEGER_BLOCK.
void rk_integer_rows_to_floats(rk_simd_level level, const rk_integer_rows *rows, const float *scale, float *output);

/// The same where each channel reads itself alone: operands are bytes on every level, runs are taps, `weights` are
/// [segments, channels] as they come, and `segment_length` has no meaning.
void rk_integer_depthwise_to_bytes(rk_simd_level level, const rk_integer_rows *rows, const rk_requantization *q,
                                   uint8_t *output);
void rk_integer_depthwise_to_floats(rk_simd_level level, const rk_integer_rows *rows, const float *scale,
                                    float *output);

/// A 3×3 convolution of stride 1 by Winograd's F(4×4, 3×3) in integers: the same sums as rk_integer_rows, exactly.
/// Patches as in rk_winograd_forward; what lies outside the image has the byte `input_zero`.
typedef struct {
    rk_winograd_geometry geometry;
    const uint8_t *input;    // begins with image 0
    const int16_t *weights;  // from rk_integer_winograd_weights
    const int32_t *bias;     // a channel each
    uint8_t input_zero;
} rk_integer_winograd;

/// Patches that go through together, for which the weights are read once.
ptrdiff_t rk_integer_winograd_panel(ptrdiff_t channels);
/// Whether a level computes these numbers of channels so; if not, the functions below must not be called.
int rk_integer_winograd_fits(rk_simd_level level, ptrdiff_t channels, ptrdiff_t outputs);
/// 16-bit numbers of transformed weights.
size_t rk_integer_winograd_weights_size(ptrdiff_t channels, ptrdiff_t outputs);
/// weights [3, 3, channels, outputs] to u [36, outputs / 16, channels / 2, 16, 2], the first division rounded up,
/// filled with zeros.
void rk_integer_winograd_weights(const int8_t *weights, ptrdiff_t channels, ptrdiff_t outputs, int16_t *u);
/// 32-bit integers of workspace, for a call of any size.
size_t rk_integer_winograd_workspace(const rk_winograd_geometry *g);
/// Patches first ..< first + count of the result. |sum| with the bias is below 2²⁵. `output` and the residual begin
/// with image 0.
void rk_integer_winograd_to_bytes(rk_simd_level level, const rk_integer_winograd *p, ptrdiff_t first, ptrdiff_t count,
                                  const rk_requantization *q, uint8_t *output, int32_t *workspace);

/// An image [height, width, channels], and what is on all sides of it: so many pixels to the left and right are asked
/// for.
typedef struct {
    const uint8_t *bytes;
    ptrdiff_t height, width, channels, left, right;
    uint8_t outside;
} rk_integer_image;
/// Rows first ..< first + rows of it, also outside, as operands: [rows, left + width + right, channels], numbers of
/// 16 bits at an even address.
void rk_integer_window(rk_simd_level level, ptrdiff_t operand_size, const rk_integer_image *image, ptrdiff_t first,
                       ptrdiff_t rows, void *window);
/// Pooling as in rk_max_pool: padding is never the maximum.
void rk_integer_max_pool(rk_simd_level level, const uint8_t *image, const rk_patch_geometry *geometry,
                         uint8_t *output);
/// output = zero + round(clamp((sum of the window − pixels · input_zero) · (multiplier / divisor))): the divisor is as
/// in rk_average_pool. `sums` is room for a number a channel.
void rk_integer_average_pool(rk_simd_level level, const uint8_t *image, const rk_patch_geometry *geometry,
                             int counts_padding, int32_t input_zero, float multiplier, int32_t zero, int32_t *sums,
                             uint8_t *output);

/// out = zero + round(x / scale), saturated; NaN becomes the lowest byte.
void rk_quantize(rk_simd_level level, const float *x, size_t n, float scale, int32_t zero, uint8_t *out);
/// out = scale · (x − zero)
void rk_dequantize(rk_simd_level level, const uint8_t *x, size_t n, float scale, int32_t zero, float *out);
/// out = scale · round(clamp(x / scale, −zero, 255 − zero)): rk_quantize and rk_dequantize in one.
void rk_fake_quantize(const float *x, size_t n, float scale, int32_t zero, float *out);
/// Inside the range dx = upstream and dscale = upstream · (round(x / scale) − x / scale), outside 0 and upstream ·
/// bound.
void rk_fake_quantize_gradient(const float *upstream, const float *x, size_t n, float scale, int32_t zero, float *dx,
                               float *dscale);
/// Each of `rows` rows of `length` bytes of y goes with `repeats` rows of x, one after another.
typedef struct {
    size_t rows, repeats, length;
} rk_repeated_rows;
/// out = zero + round(clamp((x − x_zero) · x_multiplier + (y − y_zero) · y_multiplier, low, high))
typedef struct {
    float x_multiplier, y_multiplier;
    int32_t x_zero, y_zero;
    float low, high;
    int32_t zero;
} rk_integer_pair;
void rk_integer_add(rk_simd_level level, const uint8_t *x, const uint8_t *y, rk_repeated_rows of,
                    const rk_integer_pair *q, uint8_t *out);
/// out = zero + round(clamp((x − x_zero) (y − y_zero) · x_multiplier, low, high))
void rk_integer_multiply(rk_simd_level level, const uint8_t *x, const uint8_t *y, rk_repeated_rows of,
                         const rk_integer_pair *q, uint8_t *out);

/// Widens [*least, *greatest] to hold every element that is finite; returns whether all are.
int rk_widen_range(const float *x, size_t n, float *least, float *greatest);
/// Counts finite elements by bin: bin floor((x − origin) · inverse_width), 0 ... bins − 1 at the ends.
void rk_histogram(const float *x, size_t n, float origin, float inverse_width, uint64_t *counts, ptrdiff_t bins);

#ifdef __cplusplus
}
#endif

#endif

// Retort's numerical kernels: plain C, one job each, chosen at run time by what the processor offers.
//
// Contracts common to all: pointers may have any alignment unless a comment says otherwise; counts are in elements;
// input and output may be the same buffer where a comment says "in place"; nothing here allocates or calls back.
#ifndef RETORT_CKERNELS_H
#define RETORT_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- dispatch -------------------------------------------------------------------------------------------------------

typedef enum {
    RK_SIMD_SCALAR = 0,
    RK_SIMD_NEON = 1,
    RK_SIMD_AVX2 = 2,        // AVX2 + FMA
    RK_SIMD_AVX512 = 3,      // AVX-512 F, BW, DQ, VL
    RK_SIMD_AVX512VNNI = 4,  // the same and VNNI
} rk_simd_level;

/// The highest level this processor offers.
rk_simd_level rk_simd_detected(void);

/// The level that the kernels use: the detected one, lowered by RETORT_SIMD=scalar|neon|avx2|avx512|avx512vnni when it
/// is set. Read once, at the first call; another value is reported on standard error and lowers nothing.
rk_simd_level rk_simd_active(void);

/// Lowers (never raises above the detected level) what the kernels use from now on. For tests that walk all levels.
void rk_simd_limit(rk_simd_level level);

/// Tells the processor that a loop waits for another thread.
static inline void rk_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

// ---- elementwise: n elements, in place allowed ----------------------------------------------------------------------

void rk_add(const float *x, const float *y, float *out, size_t n);
void rk_subtract(const float *x, const float *y, float *out, size_t n);
void rk_multiply(const float *x, const float *y, float *out, size_t n);
void rk_divide(const float *x, const float *y, float *out, size_t n);
/// out = x * factor + offset
void rk_affine(const float *x, float factor, float offset, float *out, size_t n);
/// out += factor * x
void rk_add_scaled(const float *x, float factor, float *out, size_t n);
void rk_relu(const float *x, float *out, size_t n);
/// out = upstream where y > 0, else 0; y is the output of the forward pass.
void rk_relu_gradient(const float *upstream, const float *y, float *out, size_t n);
/// The sum, in an order that is the same at every level.
void rk_sum(const float *x, size_t n, double *result);
/// 1 if every element is finite.
void rk_finite(const float *x, size_t n, int *result);
/// x[r, c] += row[c]
void rk_add_rows(const float *row, float *x, size_t rows, size_t columns);

// ---- per channel: x is [rows, channels] -----------------------------------------------------------------------------

/// sums[c] = Σ_r x[r, c]
void rk_channel_sums(const float *x, size_t rows, size_t channels, double *sums);
/// sums[c] = Σ_r (x[r, c] − mean[c])²
void rk_channel_squares(const float *x, const float *mean, size_t rows, size_t channels, double *sums);
/// Normalisation as an affine map of each channel: x · factor + offset, plus the residual unless NULL, cut at 0 if relu.
typedef struct {
    const float *x;         // [rows, channels]
    const float *residual;  // [rows, channels] or NULL
    const float *factor;    // [channels]
    const float *offset;    // [channels]
    int relu;
} rk_batch_norm;

/// y may be x or the residual.
void rk_batch_norm_forward(const rk_batch_norm *norm, float *y, size_t rows, size_t channels);
/// With u the upstream gradient g, 0 where the result was cut: sum[c] = Σ_r u[r, c], product[c] = Σ_r u[r, c] (x[r, c] − mean[c])
void rk_batch_norm_sums(const float *g, const rk_batch_norm *norm, const float *mean, size_t rows, size_t channels,
                        double *sum, double *product);
/// dx = a u + (b x + c) with a, b, c per channel; u itself goes to dresidual if there is a residual. Either may be g.
void rk_batch_norm_gradient(const float *g, const rk_batch_norm *norm, const float *a, const float *b, const float *c,
                            float *dx, float *dresidual, size_t rows, size_t channels);

// ---- windows of one image -------------------------------------------------------------------------------------------

/// A window sliding over an image [input_height, input_width, pixel_stride], of which `channels` are taken.
typedef struct {
    ptrdiff_t input_height, input_width, pixel_stride, channels;
    ptrdiff_t kernel_height, kernel_width, stride_height, stride_width;
    ptrdiff_t padding_height, padding_width, dilation_height, dilation_width;
    ptrdiff_t output_height, output_width;
} rk_patch_geometry;

/// Sizes of a convolution over an image that is already padded: no dilation, one group.
typedef struct {
    ptrdiff_t padded_height, padded_width, channels;
    ptrdiff_t kernel_height, kernel_width, stride_height, stride_width;
    ptrdiff_t output_height, output_width, output_channels;
    ptrdiff_t output_row, output_pixel;  // elements from row to row of the result, and from pixel to pixel
} rk_direct_geometry;
/// What is done to a result before it is stored, in this order; NULL and 0 leave a step out.
typedef struct {
    const float *bias;      // a channel each
    const float *residual;  // laid out as the result
    int relu;               // NaN stays NaN
} rk_epilogue;

/// Output channels in a block of packed weights at the level in use; 0 if this number of them cannot be computed directly.
ptrdiff_t rk_direct_block(ptrdiff_t outputs);
/// An image [height, width, channels] with zeros around it, cut or filled to the padded size.
void rk_pad(const float *image, const rk_direct_geometry *g, ptrdiff_t height, ptrdiff_t width, ptrdiff_t top,
            ptrdiff_t left, float *padded);
/// weights [taps, outputs] to packed [outputs / block, taps, block].
void rk_pack_direct(const float *weights, ptrdiff_t taps, ptrdiff_t outputs, ptrdiff_t block, float *packed);
/// weights [places, inputs, outputs] to [places, outputs, inputs] with the places in reverse: what carries a gradient back.
void rk_flip_weights(const float *weights, ptrdiff_t places, ptrdiff_t inputs, ptrdiff_t outputs, float *flipped);
/// output [output_height, output_width, output_channels] at its distances. Only where rk_direct_block is not 0.
void rk_direct_forward(const float *padded, const rk_direct_geometry *g, const float *packed,
                       const rk_epilogue *epilogue, float *output);
/// Adds to gradient [kernel_height, kernel_width, channels, output_channels]; `upstream` is dense. Only where rk_direct_block is not 0.
void rk_direct_weight_gradient(const float *padded, const rk_direct_geometry *g, const float *upstream,
                               float *gradient);

// ---- Winograd's F(4×4, 3×3) -----------------------------------------------------------------------------------------
//
// A result is cut into patches of 4×4 pixels, counted through all images of a batch, row by row in each.

/// A 3×3 convolution of stride 1 over images [height, width, channels]; zeros are added above, to the left, and as many as the
/// result needs below and to the right.
typedef struct {
    ptrdiff_t height, width, channels;
    ptrdiff_t output_height, output_width, output_channels;
    ptrdiff_t top, left;
} rk_winograd_geometry;

/// Output channels in a block of transformed weights at the level in use; 0 if these channels fill no vectors.
ptrdiff_t rk_winograd_block(ptrdiff_t channels, ptrdiff_t outputs);
/// Patches of one image.
ptrdiff_t rk_winograd_tiles(const rk_winograd_geometry *g);
/// Floats of workspace, for a call of any size.
size_t rk_winograd_workspace(const rk_winograd_geometry *g);
/// weights [3, 3, channels, outputs] to u [36, outputs / block, channels, block].
void rk_winograd_weights(const float *weights, ptrdiff_t channels, ptrdiff_t outputs, ptrdiff_t block, float *u);
/// Patches first ..< first + count of the result. `x` and `output` begin with image 0.
void rk_winograd_forward(const float *x, const rk_winograd_geometry *g, ptrdiff_t first, ptrdiff_t count,
                         const float *u, const rk_epilogue *epilogue, float *output, float *workspace);
/// Adds what these patches contribute to du [36, channels, outputs], the gradient to the transformed weights.
void rk_winograd_weight_gradient(const float *x, const float *upstream, const rk_winograd_geometry *g, ptrdiff_t first,
                                 ptrdiff_t count, float *du, float *workspace);
/// du [36, channels, outputs] to dw [3, 3, channels, outputs].
void rk_winograd_gradient_of_weights(const float *du, ptrdiff_t channels, ptrdiff_t outputs, float *dw);

/// patches [output_height · output_width, kernel_height · kernel_width · channels]
void rk_im2col(const float *image, const rk_patch_geometry *geometry, float *patches);
/// Adds every tap of `patches` to the pixel that rk_im2col read it from.
void rk_col2im(const float *patches, const rk_patch_geometry *geometry, float *image);
/// Pooling takes pixel_stride == channels and no dilation; argmax is the tap's index in the window.
void rk_max_pool(const float *image, const rk_patch_geometry *geometry, float *output, uint16_t *argmax);
void rk_max_pool_gradient(const float *upstream, const uint16_t *argmax, const rk_patch_geometry *geometry,
                          float *image);
void rk_average_pool(const float *image, const rk_patch_geometry *geometry, int counts_padding, float *output);
void rk_average_pool_gradient(const float *upstream, const rk_patch_geometry *geometry, int counts_padding,
                              float *image);

// ---- rows of class scores -------------------------------------------------------------------------------------------

void rk_softmax(const float *x, float *out, size_t rows, size_t columns);
void rk_log_softmax(const float *x, float *out, size_t rows, size_t columns);

// ---- optimisers -----------------------------------------------------------------------------------------------------

/// Stochastic gradient descent with momentum (Nesterov's if asked) and L2 decay.
void rk_sgd(float *weights, float *velocity, const float *gradient, size_t n, float rate, float momentum, float decay,
            int nesterov);

/// One AdamW step (Loshchilov and Hutter, arXiv 1711.05101); corrections are 1 / (1 − βᵗ).
typedef struct {
    float rate, beta1, beta2, epsilon, decay, first_correction, second_correction;
} rk_adamw;
void rk_adamw_step(float *weights, float *first, float *second, const float *gradient, size_t n,
                   const rk_adamw *options);

// ---- integers -------------------------------------------------------------------------------------------------------
//
// A byte b of an activation stands for scale · (b − zero). Every function takes the level, gives the same bits on each,
// and rounds half to even. Float arithmetic is single precision, one rounding an operation, never fused.

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
/// A patch is `segments` runs of `segment_length` operands; distances in the input count operands. Up to 3 bytes behind the last
/// run of the last patch are read.
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

/// A 3×3 convolution of stride 1 by Winograd's F(4×4, 3×3) in integers: the same sums as rk_integer_rows, exactly. Patches as in
/// rk_winograd_forward; what lies outside the image has the byte `input_zero`.
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
/// weights [3, 3, channels, outputs] to u [36, outputs / 16, channels / 2, 16, 2], the first division rounded up, filled with zeros.
void rk_integer_winograd_weights(const int8_t *weights, ptrdiff_t channels, ptrdiff_t outputs, int16_t *u);
/// 32-bit integers of workspace, for a call of any size.
size_t rk_integer_winograd_workspace(const rk_winograd_geometry *g);
/// Patches first ..< first + count of the result. |sum| with the bias is below 2²⁵. `output` and the residual begin
/// with image 0.
void rk_integer_winograd_to_bytes(rk_simd_level level, const rk_integer_winograd *p, ptrdiff_t first, ptrdiff_t count,
                                  const rk_requantization *q, uint8_t *output, int32_t *workspace);

/// An image [height, width, channels], and what is on all sides of it: `border` pixels to the left and right are asked for.
typedef struct {
    const uint8_t *bytes;
    ptrdiff_t height, width, channels, border;
    uint8_t outside;
} rk_integer_image;
/// Rows first ..< first + rows of it, also outside, as operands: [rows, border + width + border, channels], numbers of 16 bits at
/// an even address.
void rk_integer_window(rk_simd_level level, ptrdiff_t operand_size, const rk_integer_image *image, ptrdiff_t first,
                       ptrdiff_t rows, void *window);
/// Pooling as in rk_max_pool: padding is never the maximum.
void rk_integer_max_pool(rk_simd_level level, const uint8_t *image, const rk_patch_geometry *geometry,
                         uint8_t *output);
/// output = zero + round(clamp((sum of the window − pixels · input_zero) · (multiplier / divisor))): the divisor is the
/// window's size, or the number of its pixels inside the image. `sums` is room for a number a channel.
void rk_integer_average_pool(rk_simd_level level, const uint8_t *image, const rk_patch_geometry *geometry,
                             int counts_padding, int32_t input_zero, float multiplier, int32_t zero, int32_t *sums,
                             uint8_t *output);

/// out = zero + round(x / scale), saturated; NaN becomes the lowest byte.
void rk_quantize(rk_simd_level level, const float *x, size_t n, float scale, int32_t zero, uint8_t *out);
/// out = scale · (x − zero)
void rk_dequantize(rk_simd_level level, const uint8_t *x, size_t n, float scale, int32_t zero, float *out);
/// out = scale · round(clamp(x / scale, −zero, 255 − zero)): rk_quantize and rk_dequantize in one.
void rk_fake_quantize(const float *x, size_t n, float scale, int32_t zero, float *out);
/// Inside the range dx = upstream and dscale = upstream · (round(x / scale) − x / scale), outside 0 and upstream · bound.
void rk_fake_quantize_gradient(const float *upstream, const float *x, size_t n, float scale, int32_t zero, float *dx,
                               float *dscale);
/// out = zero + round(clamp((x − x_zero) · x_multiplier + (y − y_zero) · y_multiplier, low, high))
typedef struct {
    float x_multiplier, y_multiplier;
    int32_t x_zero, y_zero;
    float low, high;
    int32_t zero;
} rk_integer_pair;
void rk_integer_add(rk_simd_level level, const uint8_t *x, const uint8_t *y, size_t n, const rk_integer_pair *q,
                    uint8_t *out);
/// out = zero + round(clamp((x − x_zero) (y − y_zero) · x_multiplier, low, high))
void rk_integer_multiply(rk_simd_level level, const uint8_t *x, const uint8_t *y, size_t n, const rk_integer_pair *q,
                         uint8_t *out);

/// Widens [*least, *greatest] to hold every element that is finite; returns whether all are.
int rk_widen_range(const float *x, size_t n, float *least, float *greatest);
/// Counts finite elements by bin: bin floor((x − origin) · inverse_width), 0 ... bins − 1 at the ends.
void rk_histogram(const float *x, size_t n, float origin, float inverse_width, uint64_t *counts, ptrdiff_t bins);

#ifdef __cplusplus
}
#endif

#endif

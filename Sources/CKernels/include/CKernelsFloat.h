// Kernels on float32. Part of CKernels.h, which has the contracts.
#ifndef RETORT_CKERNELS_FLOAT_H
#define RETORT_CKERNELS_FLOAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

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
/// Normalisation as an affine map of each channel: x · factor + offset, plus the residual unless NULL, cut at 0 if
/// relu.
typedef struct {
    const float *x;         // [rows, channels]
    const float *residual;  // [rows, channels] or NULL
    const float *mean;      // [channels], as the next two
    const float *factor;
    const float *shift;
    int relu;
} rk_batch_norm;

/// y may be x or the residual.
void rk_batch_norm_forward(const rk_batch_norm *norm, float *y, size_t rows, size_t channels);
/// With u the upstream gradient g, 0 where the result was cut: sum[c] = Σ_r u[r, c], product[c] = Σ_r u[r, c] (x[r, c]
/// − mean[c])
void rk_batch_norm_sums(const float *g, const rk_batch_norm *norm, size_t rows, size_t channels, double *sum,
                        double *product);
/// dx = a u + (b (x − mean) + c) with a, b, c per channel; u itself goes to dresidual if there is a residual. Either
/// may be g.
void rk_batch_norm_gradient(const float *g, const rk_batch_norm *norm, const float *a, const float *b, const float *c,
                            float *dx, float *dresidual, size_t rows, size_t channels);

// ---- windows of one image -------------------------------------------------------------------------------------------

/// A window sliding over an image [input_height, input_width, pixel_stride], of which `channels` are taken.
typedef struct {
    ptrdiff_t input_height, input_width, pixel_stride, channels;
    ptrdiff_t kernel_height, kernel_width, stride_height, stride_width;
    ptrdiff_t padding_top, padding_left, padding_bottom, padding_right, dilation_height, dilation_width;
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

/// Output channels in a block of packed weights at the level in use; 0 if this number of them cannot be computed
/// directly.
ptrdiff_t rk_direct_block(ptrdiff_t outputs);
/// An image [height, width, channels] with zeros around it, cut or filled to the padded size.
void rk_pad(const float *image, const rk_direct_geometry *g, ptrdiff_t height, ptrdiff_t width, ptrdiff_t top,
            ptrdiff_t left, float *padded);
/// weights [taps, outputs] to packed [outputs / block, taps, block].
void rk_pack_direct(const float *weights, ptrdiff_t taps, ptrdiff_t outputs, ptrdiff_t block, float *packed);
/// weights [places, inputs, outputs] to [places, outputs, inputs] with the places in reverse: what carries a gradient
/// back.
void rk_flip_weights(const float *weights, ptrdiff_t places, ptrdiff_t inputs, ptrdiff_t outputs, float *flipped);
/// output [output_height, output_width, output_channels] at its distances. Only where rk_direct_block is not 0.
void rk_direct_forward(const float *padded, const rk_direct_geometry *g, const float *packed,
                       const rk_epilogue *epilogue, float *output);
/// Adds to gradient [kernel_height, kernel_width, channels, output_channels]; `upstream` is dense. Only where
/// rk_direct_block is not 0.
void rk_direct_weight_gradient(const float *padded, const rk_direct_geometry *g, const float *upstream,
                               float *gradient);

// ---- Winograd's F(4×4, 3×3) -----------------------------------------------------------------------------------------
//
// A result is cut into patches of 4×4 pixels, counted through all images of a batch, row by row in each.

/// A 3×3 convolution of stride 1 over images [height, width, channels]; zeros are added above, to the left, and as many
/// as the result needs below and to the right.
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

// ---- depthwise convolution ------------------------------------------------------------------------------------------

/// A convolution of each channel of an image [height, width, channels] with a kernel of its own. Zeros are added above,
/// to the left, and as many as the result needs below and to the right; negative numbers cut instead.
typedef struct {
    ptrdiff_t height, width, channels;
    ptrdiff_t kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width;
    ptrdiff_t top, left;
    ptrdiff_t output_height, output_width;
    ptrdiff_t output_row, output_pixel;  // elements from row to row of the result, and from pixel to pixel
} rk_depthwise_geometry;

/// Rows first ..< first + rows of output [output_height, output_width, channels] at its distances; weights
/// [kernel_height, kernel_width, channels].
void rk_depthwise_forward(const float *image, const rk_depthwise_geometry *g, ptrdiff_t first, ptrdiff_t rows,
                          const float *weights, const rk_epilogue *epilogue, float *output);
/// Adds to gradient [kernel_height, kernel_width, channels]; `upstream` is dense.
void rk_depthwise_weight_gradient(const float *image, const rk_depthwise_geometry *g, const float *upstream,
                                  float *gradient);
/// Each of n elements so many times in a row.
void rk_repeat_channels(const float *x, size_t n, ptrdiff_t times, float *out);
/// The sum of each of n runs of so many elements.
void rk_sum_repeated_channels(const float *x, size_t n, ptrdiff_t times, float *out);

// ---- patches and pooling --------------------------------------------------------------------------------------------

/// patches [output_height · output_width, kernel_height · kernel_width · channels]
void rk_im2col(const float *image, const rk_patch_geometry *geometry, float *patches);
/// Adds every tap of `patches` to the pixel that rk_im2col read it from.
void rk_col2im(const float *patches, const rk_patch_geometry *geometry, float *image);
/// Pooling takes pixel_stride == channels, and windows that each have a tap in the image; argmax is the tap's index in
/// the window.
void rk_max_pool(const float *image, const rk_patch_geometry *geometry, float *output, uint16_t *argmax);
void rk_max_pool_gradient(const float *upstream, const uint16_t *argmax, const rk_patch_geometry *geometry,
                          float *image);
/// The divisor is the number of a window's taps inside the image or, where padding counts, inside the padded image.
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

/// Which places along an axis make up each of `count` new ones, and with which weights: those of new place i are taps
/// starts[i] ..< starts[i + 1].
typedef struct {
    ptrdiff_t count;
    const ptrdiff_t *starts, *places;
    const float *weights;
} rk_axis_taps;
/// How many rows are resized along their length together.
#define RK_RESIZE_ROWS 16
/// An image of bytes [height, width, channels] to [rows->count, columns->count, channels], columns first, each sum in
/// the order of its taps, the last rounded to nearest. The workspace has height · columns->count · channels +
/// RK_RESIZE_ROWS · width · channels floats.
void rk_resize_bytes(const uint8_t *image, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                     const rk_axis_taps *columns, const rk_axis_taps *rows, float *workspace, uint8_t *output);

#ifdef __cplusplus
}
#endif

#endif

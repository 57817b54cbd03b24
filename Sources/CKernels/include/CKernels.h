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

/// The level that the kernels use: the detected one, lowered by RETORT_SIMD=scalar|avx2|avx512|avx512vnni when it is
/// set. Read once, at the first call.
rk_simd_level rk_simd_active(void);

/// Lowers (never raises above the detected level) what the kernels use from now on. For tests that walk all levels.
void rk_simd_limit(rk_simd_level level);

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
/// y = x * factor + offset (+ residual unless NULL), negative values cut if relu; in place allowed.
void rk_channel_affine(const float *x, const float *factor, const float *offset, const float *residual, int relu,
                       float *y, size_t rows, size_t channels);
/// sum[c] = Σ_r g[r, c], product[c] = Σ_r g[r, c] (x[r, c] − mean[c])
void rk_batch_norm_sums(const float *g, const float *x, const float *mean, size_t rows, size_t channels, double *sum,
                        double *product);
/// out = a[c] g + (b[c] x + offset[c]); out may be g.
void rk_channel_combine(const float *g, const float *a, const float *x, const float *b, const float *offset,
                        float *out, size_t rows, size_t channels);

// ---- windows of one image -------------------------------------------------------------------------------------------

/// A window sliding over an image [input_height, input_width, pixel_stride], of which `channels` are taken.
typedef struct {
    ptrdiff_t input_height, input_width, pixel_stride, channels;
    ptrdiff_t kernel_height, kernel_width, stride_height, stride_width;
    ptrdiff_t padding_height, padding_width, dilation_height, dilation_width;
    ptrdiff_t output_height, output_width;
} rk_patch_geometry;

/// patches [output_height · output_width, kernel_height · kernel_width · channels]
void rk_im2col(const float *image, const rk_patch_geometry *geometry, float *patches);
/// Adds every tap of `patches` to the pixel that rk_im2col read it from.
void rk_col2im(const float *patches, const rk_patch_geometry *geometry, float *image);
/// Pooling takes pixel_stride == channels and no dilation; argmax is the tap's index in the window.
void rk_max_pool(const float *image, const rk_patch_geometry *geometry, float *output, uint16_t *argmax);
/// Adds to `image`, which holds zeros.
void rk_max_pool_gradient(const float *upstream, const uint16_t *argmax, const rk_patch_geometry *geometry,
                          float *image);
void rk_average_pool(const float *image, const rk_patch_geometry *geometry, int counts_padding, float *output);
/// Adds to `image`, which holds zeros.
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

#ifdef __cplusplus
}
#endif

#endif

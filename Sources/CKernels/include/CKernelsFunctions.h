// Functions of one number, and normalisations of rows, on float32. Part of CKernels.h, which has the contracts.
#ifndef RETORT_CKERNELS_FUNCTIONS_H
#define RETORT_CKERNELS_FUNCTIONS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- functions of one number: n elements, in place allowed; the same bits at every level ----------------------------
//
// Distance from the function in units of the result's last place (2⁻¹⁴⁹ below the normal numbers), for all x: exp and
// erf 1.1, tanh, sigmoid and softplus 3. SiLU and both GELUs: 2⁻²² · |x|. Derivatives: 2⁻²¹, that of exp 1.1 units. NaN
// gives NaN.

/// Which function, with its numbers a and b where it has some.
typedef enum {
    RK_EXP,
    RK_ERF,
    RK_TANH,
    RK_SIGMOID,       // 1 / (1 + exp(-x))
    RK_SILU,          // x · sigmoid(x)
    RK_GELU,          // x / 2 · (1 + erf(x / √2))
    RK_GELU_TANH,     // x / 2 · (1 + tanh(√(2 / π) (x + 0.044715 x³)))
    RK_SOFTPLUS,      // ln(1 + exp(x))
    RK_HARD_SWISH,    // x · min(max(x + 3, 0), 6) / 6
    RK_ELU,           // b x where x > 0, and b a (exp(x) - 1)
    RK_LEAKY_RELU,    // x where x > 0, and a x
    RK_HARD_SIGMOID,  // a x + b between 0 and 1
} rk_function_kind;
typedef struct {
    rk_function_kind kind;
    float a, b;
} rk_function;

/// out = f(x)
void rk_apply(const rk_function *f, const float *x, float *out, size_t n);
/// out = upstream · f'(x)
void rk_apply_gradient(const rk_function *f, const float *upstream, const float *x, float *out, size_t n);

// ---- normalisation of rows: x is [rows, columns]; the same bits at every level --------------------------------------

/// What is done to a row: (x − mean) / √(mean of the squares of that + epsilon) · scale + shift.
typedef struct {
    const float *scale;  // [columns]
    const float *shift;  // [columns] or NULL
    float epsilon;
    int centered;  // whether the mean is taken away
} rk_row_normalization;

void rk_row_norm(const rk_row_normalization *norm, const float *x, float *out, size_t rows, size_t columns);
/// dx, and upstream · normalised row, of which the sum over rows is the gradient of the scale.
void rk_row_norm_gradient(const rk_row_normalization *norm, const float *upstream, const float *x, float *dx,
                          float *product, size_t rows, size_t columns);

#ifdef __cplusplus
}
#endif

#endif

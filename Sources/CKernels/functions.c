#include "functions.h"

// One loop a function. x and out may be the same buffer, so that the compiler is told and not asked that elements do
// not depend on one another.
#define EACH(expression)                                                                             \
    do {                                                                                             \
        _Pragma("clang loop vectorize(assume_safety)") for (size_t i = 0; i < n; i++) out[i] = (expression); \
        return;                                                                                      \
    } while (0)

RK_BODY void apply_body(const rk_function *f, const float *x, float *out, size_t n) {
    float a = f->a, b = f->b;
    switch (f->kind) {
    case RK_EXP: EACH(exp_of(x[i]));
    case RK_ERF: EACH(erf_of(x[i]));
    case RK_TANH: EACH(tanh_of(x[i]));
    case RK_SIGMOID: EACH(sigmoid_of(x[i]));
    case RK_SILU: EACH(silu_of(x[i]));
    case RK_GELU: EACH(gelu_of(x[i]));
    case RK_GELU_TANH: EACH(gelu_tanh_of(x[i]));
    case RK_SOFTPLUS: EACH(softplus_of(x[i]));
    case RK_HARD_SWISH: EACH(hard_swish_of(x[i]));
    case RK_ELU: EACH(elu_of(x[i], a, b));
    case RK_LEAKY_RELU: EACH(leaky_relu_of(x[i], a));
    case RK_HARD_SIGMOID: EACH(hard_sigmoid_of(x[i], a, b));
    }
}
RK_KERNEL(apply, (const rk_function *f, const float *x, float *out, size_t n), (f, x, out, n))

RK_BODY void apply_gradient_body(const rk_function *f, const float *upstream, const float *x, float *out, size_t n) {
    float a = f->a, b = f->b;
    switch (f->kind) {
    case RK_EXP: EACH(upstream[i] * exp_of(x[i]));
    case RK_ERF: EACH(upstream[i] * erf_slope(x[i]));
    case RK_TANH: EACH(upstream[i] * tanh_slope(x[i]));
    case RK_SIGMOID: EACH(upstream[i] * sigmoid_slope(x[i]));
    case RK_SILU: EACH(upstream[i] * silu_slope(x[i]));
    case RK_GELU: EACH(upstream[i] * gelu_slope(x[i]));
    case RK_GELU_TANH: EACH(upstream[i] * gelu_tanh_slope(x[i]));
    case RK_SOFTPLUS: EACH(upstream[i] * sigmoid_of(x[i]));
    case RK_HARD_SWISH: EACH(upstream[i] * hard_swish_slope(x[i]));
    case RK_ELU: EACH(upstream[i] * elu_slope(x[i], a, b));
    case RK_LEAKY_RELU: EACH(upstream[i] * leaky_relu_slope(x[i], a));
    case RK_HARD_SIGMOID: EACH(upstream[i] * hard_sigmoid_slope(x[i], a, b));
    }
}
RK_KERNEL(apply_gradient, (const rk_function *f, const float *upstream, const float *x, float *out, size_t n),
          (f, upstream, x, out, n))

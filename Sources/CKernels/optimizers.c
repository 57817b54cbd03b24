#include "kernel.h"

#include <math.h>

// PyTorch's order of operations: decay joins the gradient, the gradient joins the velocity, Nesterov looks ahead.
RK_BODY void sgd_body(float *weights, float *velocity, const float *gradient, size_t n, float rate, float momentum,
                      float decay, int nesterov) {
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i] + decay * weights[i];
        float v = momentum * velocity[i] + g;
        velocity[i] = v;
        weights[i] -= rate * (nesterov ? g + momentum * v : v);
    }
}
RK_KERNEL(sgd,
          (float *weights, float *velocity, const float *gradient, size_t n, float rate, float momentum, float decay,
           int nesterov),
          (weights, velocity, gradient, n, rate, momentum, decay, nesterov))

RK_BODY void adamw_step_body(float *weights, float *first, float *second, const float *gradient, size_t n,
                        const rk_adamw *o) {
    for (size_t i = 0; i < n; i++) {
        float g = gradient[i];
        float m = o->beta1 * first[i] + (1 - o->beta1) * g;
        float v = o->beta2 * second[i] + (1 - o->beta2) * g * g;
        first[i] = m;
        second[i] = v;
        float step = m * o->first_correction / (sqrtf(v * o->second_correction) + o->epsilon);
        weights[i] -= o->rate * (step + o->decay * weights[i]);
    }
}
RK_KERNEL(adamw_step,
          (float *weights, float *first, float *second, const float *gradient, size_t n, const rk_adamw *o),
          (weights, first, second, gradient, n, o))

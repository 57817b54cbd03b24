// Levels of the integer kernels, and the arithmetic that all of them share.
#ifndef RETORT_INTEGER_H
#define RETORT_INTEGER_H

#include "kernel.h"

#include <math.h>

// No product and sum may become one operation with one rounding: the levels would differ.
#pragma STDC FP_CONTRACT OFF

// As RK_KERNEL, but the level is the first argument: results do not depend on it, so that tests may walk the levels
// while other work runs.
#define RK_LEVEL_KERNEL(name, parameters, arguments) RK_KERNEL_AT(level, name, parameters, arguments)

// The clamp comes before the conversion, so that what no int holds behaves alike everywhere.
RK_BODY uint8_t rk_requantized(float value, float low, float high, int32_t zero) {
    value = value > low ? value : low;
    value = value < high ? value : high;
    return (uint8_t)((int32_t)nearbyintf(value) + zero);
}

// Whether output channels fit a vector of 8: one of 16 would be half empty, and takes twice the time where it is done
// in halves.
RK_BODY int rk_fit_half(ptrdiff_t channels) { return channels <= RK_INTEGER_BLOCK / 2; }

// A product of a sum and its multiplier as the byte at a place of the output.
RK_BODY uint8_t rk_byte_of(float value, const rk_requantization *q, ptrdiff_t place) {
    if (q->residual) {
        float other = (float)(q->residual[place] - q->residual_zero) * q->residual_multiplier;
        value = value + other;
    }
    return rk_requantized(value, q->low, q->high, q->zero);
}

#endif

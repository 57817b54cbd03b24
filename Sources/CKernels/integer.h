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

// One row of several, and what goes with it.
RK_BODY rk_integer_rows rk_row(const rk_integer_rows *rows, ptrdiff_t row) {
    rk_integer_rows one = *rows;
    one.input += row * rows->input_row;
    return one;
}

RK_BODY rk_requantization rk_requantization_of_row(const rk_requantization *q, const rk_integer_rows *rows,
                                                   ptrdiff_t row) {
    rk_requantization one = *q;
    if (one.residual) one.residual += row * rows->output_row;
    return one;
}

#endif

// Levels of the integer kernels, and the arithmetic that all of them share.
#ifndef RETORT_INTEGER_H
#define RETORT_INTEGER_H

#include "kernel.h"

#include <math.h>

// No product and sum may become one operation with one rounding: the levels would differ.
#pragma STDC FP_CONTRACT OFF

// As RK_KERNEL, but the level is the first argument: results do not depend on it, so that tests may walk the levels
// while other work runs.
#if defined(__x86_64__)
#define RK_LEVEL_KERNEL(name, parameters, arguments)                         \
    RK_AVX2 static void name##_avx2 parameters { name##_body arguments; }     \
    RK_AVX512 static void name##_avx512 parameters { name##_body arguments; } \
    void rk_##name parameters {                                              \
        switch (level) {                                                     \
        case RK_SIMD_AVX512VNNI:                                             \
        case RK_SIMD_AVX512: name##_avx512 arguments; return;                \
        case RK_SIMD_AVX2: name##_avx2 arguments; return;                    \
        default: name##_body arguments; return;                              \
        }                                                                    \
    }
#else
#define RK_LEVEL_KERNEL(name, parameters, arguments) \
    void rk_##name parameters { name##_body arguments; }
#endif

// The clamp comes before the conversion, so that what no int holds behaves alike everywhere.
RK_BODY uint8_t rk_requantized(float value, float low, float high, int32_t zero) {
    value = value > low ? value : low;
    value = value < high ? value : high;
    return (uint8_t)((int32_t)nearbyintf(value) + zero);
}

// A loop with a constant number of turns, all of which are written out.
#define RK_UNROLL _Pragma("clang loop unroll(full)")

RK_BODY ptrdiff_t rk_blocks(ptrdiff_t count, ptrdiff_t size) { return (count + size - 1) / size; }

#endif

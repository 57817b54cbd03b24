// How one plain C body becomes a pixel kernel for every instruction set.
#ifndef RETORT_IMAGE_KERNEL_H
#define RETORT_IMAGE_KERNEL_H

#include "CImageKernels.h"

#define RK_BODY static inline __attribute__((always_inline))

// RK_IMAGE_KERNEL(name, (parameters), (arguments)) compiles name##_body once for each level, so that the compiler
// vectorises it with that level's registers, and defines rk_image_##name, which calls the one in use.
#if defined(__x86_64__)
#define RK_IMAGE_KERNEL(name, parameters, arguments)                                                                 \
    __attribute__((target("avx2"))) static void name##_avx2 parameters { name##_body arguments; }                     \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))) static void name##_avx512 parameters {              \
        name##_body arguments;                                                                                       \
    }                                                                                                                \
    void rk_image_##name parameters {                                                                                \
        switch (rk_image_active()) {                                                                                 \
        case RK_IMAGE_AVX512: name##_avx512 arguments; return;                                                       \
        case RK_IMAGE_AVX2: name##_avx2 arguments; return;                                                           \
        default: name##_body arguments; return;                                                                      \
        }                                                                                                            \
    }
#else
#define RK_IMAGE_KERNEL(name, parameters, arguments) \
    void rk_image_##name parameters { name##_body arguments; }
#endif

#endif

#include "CImageKernels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

rk_image_level rk_image_detected(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl")) {
        return RK_IMAGE_AVX512;
    }
    return __builtin_cpu_supports("avx2") ? RK_IMAGE_AVX2 : RK_IMAGE_SCALAR;
#else
    return RK_IMAGE_SCALAR;
#endif
}

static rk_image_level lower(rk_image_level level, rk_image_level bound) { return level < bound ? level : bound; }

// -1 until first asked; afterwards a level. Two threads that race here compute the same value.
static _Atomic int active = -1;

rk_image_level rk_image_active(void) {
    int level = atomic_load_explicit(&active, memory_order_relaxed);
    if (level < 0) {
        const char *asked = getenv("RETORT_SIMD");
        rk_image_level bound = RK_IMAGE_AVX512;
        if (asked != NULL && strcmp(asked, "scalar") == 0) bound = RK_IMAGE_SCALAR;
        if (asked != NULL && strcmp(asked, "avx2") == 0) bound = RK_IMAGE_AVX2;
        level = (int)lower(rk_image_detected(), bound);
        atomic_store_explicit(&active, level, memory_order_relaxed);
    }
    return (rk_image_level)level;
}

void rk_image_limit(rk_image_level level) {
    atomic_store_explicit(&active, (int)lower(rk_image_detected(), level), memory_order_relaxed);
}

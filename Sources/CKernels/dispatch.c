#include "CKernels.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

rk_simd_level rk_simd_detected(void) {
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl")) {
        return __builtin_cpu_supports("avx512vnni") ? RK_SIMD_AVX512VNNI : RK_SIMD_AVX512;
    }
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? RK_SIMD_AVX2 : RK_SIMD_SCALAR;
#elif defined(__aarch64__)
    return RK_SIMD_NEON;
#else
    return RK_SIMD_SCALAR;
#endif
}

static rk_simd_level level_from_environment(void) {
    static const struct { const char *name; rk_simd_level level; } names[] = {
        {"scalar", RK_SIMD_SCALAR}, {"neon", RK_SIMD_NEON},         {"avx2", RK_SIMD_AVX2},
        {"avx512", RK_SIMD_AVX512}, {"avx512vnni", RK_SIMD_AVX512VNNI},
    };
    rk_simd_level detected = rk_simd_detected();
    const char *asked = getenv("RETORT_SIMD");
    if (asked == NULL) return detected;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(asked, names[i].name) == 0) return names[i].level < detected ? names[i].level : detected;
    }
    return detected;
}

// -1 until first asked; afterwards a level. Two threads that race here compute the same value.
static _Atomic int active = -1;

rk_simd_level rk_simd_active(void) {
    int level = atomic_load_explicit(&active, memory_order_relaxed);
    if (level < 0) {
        level = (int)level_from_environment();
        atomic_store_explicit(&active, level, memory_order_relaxed);
    }
    return (rk_simd_level)level;
}

void rk_simd_limit(rk_simd_level level) {
    rk_simd_level detected = rk_simd_detected();
    atomic_store_explicit(&active, (int)(level < detected ? level : detected), memory_order_relaxed);
}

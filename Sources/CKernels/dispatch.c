#include "CKernels.h"

#include <stdatomic.h>
#include <stdio.h>
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

// What is used when a level is asked for: never more than the processor has, nor vectors of another kind.
static rk_simd_level at_most(rk_simd_level level) {
    rk_simd_level detected = rk_simd_detected();
    if (level >= detected) return detected;
    return level == RK_SIMD_NEON ? RK_SIMD_SCALAR : level;
}

// The level for a value of RETORT_SIMD; false if it names none.
static int read_level(const char *asked, rk_simd_level *level) {
    static const struct { const char *name; rk_simd_level level; } names[] = {
        {"scalar", RK_SIMD_SCALAR}, {"neon", RK_SIMD_NEON},         {"avx2", RK_SIMD_AVX2},
        {"avx512", RK_SIMD_AVX512}, {"avx512vnni", RK_SIMD_AVX512VNNI},
    };
    *level = rk_simd_detected();
    if (asked == NULL || *asked == 0) return 1;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(asked, names[i].name) == 0) {
            *level = at_most(names[i].level);
            return 1;
        }
    }
    return 0;
}

// -1 until first asked; afterwards a level.
static _Atomic int active = -1;

rk_simd_level rk_simd_active(void) {
    int level = atomic_load_explicit(&active, memory_order_relaxed);
    if (level >= 0) return (rk_simd_level)level;
    const char *asked = getenv("RETORT_SIMD");
    rk_simd_level chosen;
    int known = read_level(asked, &chosen);
    // Of threads that race here the first one speaks; a limit that was set meanwhile stays.
    int expected = -1;
    if (!atomic_compare_exchange_strong(&active, &expected, (int)chosen)) return (rk_simd_level)expected;
    if (!known) {
        fprintf(stderr,
                "RETORT_SIMD: \"%s\" found, scalar, neon, avx2, avx512 or avx512vnni expected; kernels use what the "
                "processor has\n",
                asked);
    }
    return chosen;
}

void rk_simd_limit(rk_simd_level level) { atomic_store_explicit(&active, (int)at_most(level), memory_order_relaxed); }

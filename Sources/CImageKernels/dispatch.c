#include "CImageKernels.h"

#include <stdatomic.h>
#include <stdio.h>
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

// The level for a value of RETORT_SIMD; false if it names none. VNNI and NEON have nothing for pixels.
static int read_level(const char *asked, rk_image_level *level) {
    static const struct { const char *name; rk_image_level level; } names[] = {
        {"scalar", RK_IMAGE_SCALAR}, {"neon", RK_IMAGE_SCALAR},         {"avx2", RK_IMAGE_AVX2},
        {"avx512", RK_IMAGE_AVX512}, {"avx512vnni", RK_IMAGE_AVX512},
    };
    *level = rk_image_detected();
    if (asked == NULL || *asked == 0) return 1;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(asked, names[i].name) == 0) {
            *level = lower(names[i].level, *level);
            return 1;
        }
    }
    return 0;
}

// -1 until first asked; afterwards a level.
static _Atomic int active = -1;

rk_image_level rk_image_active(void) {
    int level = atomic_load_explicit(&active, memory_order_relaxed);
    if (level >= 0) return (rk_image_level)level;
    const char *asked = getenv("RETORT_SIMD");
    rk_image_level chosen;
    int known = read_level(asked, &chosen);
    // Of threads that race here the first one speaks; a limit that was set meanwhile stays.
    int expected = -1;
    if (!atomic_compare_exchange_strong(&active, &expected, (int)chosen)) return (rk_image_level)expected;
    if (!known) {
        fprintf(stderr,
                "RETORT_SIMD: \"%s\" found, scalar, neon, avx2, avx512 or avx512vnni expected; pixel kernels use what "
                "the processor has\n",
                asked);
    }
    return chosen;
}

void rk_image_limit(rk_image_level level) {
    atomic_store_explicit(&active, (int)lower(rk_image_detected(), level), memory_order_relaxed);
}

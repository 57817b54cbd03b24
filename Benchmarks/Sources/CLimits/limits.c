#include "CLimits.h"

#define UNROLL _Pragma("clang loop unroll(full)")

// A loop of multiply-adds and one of copies for a vector width. Values tend to 1, so that none becomes denormal; the
// chains begin differently, so that none can be left out.
#define LIMITS(LANES, CHAINS, TARGET)                                                                        \
    typedef float vector##LANES __attribute__((vector_size(4 * LANES)));                                     \
    TARGET static double multiply_add_##LANES(ptrdiff_t rounds, float *result) {                             \
        vector##LANES chains[CHAINS], half = (vector##LANES){0} + 0.5f;                                      \
        UNROLL for (int chain = 0; chain < CHAINS; chain++) chains[chain] = half * (float)chain + result[0]; \
        for (ptrdiff_t round = 0; round < rounds; round++) {                                                 \
            UNROLL for (int chain = 0; chain < CHAINS; chain++) chains[chain] = chains[chain] * half + half; \
        }                                                                                                    \
        UNROLL for (int chain = 1; chain < CHAINS; chain++) chains[0] += chains[chain];                      \
        *result = chains[0][0];                                                                              \
        return 2.0 * LANES * CHAINS * (double)rounds;                                                        \
    }                                                                                                        \
    TARGET __attribute__((no_builtin("memcpy", "memmove"))) static void copy_##LANES(                        \
        const float *from, float *to, ptrdiff_t count) {                                                     \
        for (ptrdiff_t i = 0; i < count; i += 4 * LANES) {                                                   \
            UNROLL for (int part = 0; part < 4 * LANES; part += LANES)                                       \
                *(vector##LANES *)(to + i + part) = *(const vector##LANES *)(from + i + part);               \
        }                                                                                                    \
    }

// 12 chains, a factor and an addend fit 16 registers; where there are 32, 24 chains hide more latency.
#if defined(__x86_64__)
LIMITS(4, 12, )
LIMITS(8, 12, __attribute__((target("avx2,fma"))))
LIMITS(16, 24, __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))))
#else
LIMITS(4, 24, )
#endif

double limit_multiply_add(int lanes, ptrdiff_t rounds, float *result) {
    switch (lanes) {
#if defined(__x86_64__)
    case 16: return multiply_add_16(rounds, result);
    case 8: return multiply_add_8(rounds, result);
#endif
    default: return multiply_add_4(rounds, result);
    }
}

void limit_copy(int lanes, const float *from, float *to, ptrdiff_t count) {
    switch (lanes) {
#if defined(__x86_64__)
    case 16: copy_16(from, to, count); return;
    case 8: copy_8(from, to, count); return;
#endif
    default: copy_4(from, to, count); return;
    }
}

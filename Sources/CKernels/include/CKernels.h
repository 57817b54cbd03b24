// Retort's numerical kernels: plain C, one job each, chosen at run time by what the processor offers.
//
// Contracts common to all: pointers may have any alignment unless a comment says otherwise; counts are in elements;
// input and output may be the same buffer where a comment says "in place"; nothing here allocates or calls back.
#ifndef RETORT_CKERNELS_H
#define RETORT_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- dispatch -------------------------------------------------------------------------------------------------------

typedef enum {
    RK_SIMD_SCALAR = 0,
    RK_SIMD_NEON = 1,
    RK_SIMD_AVX2 = 2,        // AVX2 + FMA
    RK_SIMD_AVX512 = 3,      // AVX-512 F, BW, DQ, VL
    RK_SIMD_AVX512VNNI = 4,  // the same and VNNI
} rk_simd_level;

/// The highest level this processor offers.
rk_simd_level rk_simd_detected(void);

/// The level that the kernels use: the detected one, lowered by RETORT_SIMD=scalar|avx2|avx512|avx512vnni when it is
/// set. Read once, at the first call.
rk_simd_level rk_simd_active(void);

/// Lowers (never raises above the detected level) what the kernels use from now on. For tests that walk all levels.
void rk_simd_limit(rk_simd_level level);

#ifdef __cplusplus
}
#endif

#endif

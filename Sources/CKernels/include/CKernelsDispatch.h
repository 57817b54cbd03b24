// What the processor offers, and what of it the kernels use. Part of CKernels.h.
#ifndef RETORT_CKERNELS_DISPATCH_H
#define RETORT_CKERNELS_DISPATCH_H

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    RK_SIMD_SCALAR = 0,
    RK_SIMD_NEON = 1,
    RK_SIMD_AVX2 = 2,        // AVX2 + FMA
    RK_SIMD_AVX512 = 3,      // AVX-512 F, BW, DQ, VL
    RK_SIMD_AVX512VNNI = 4,  // the same and VNNI
} rk_simd_level;

/// The highest level this processor offers.
rk_simd_level rk_simd_detected(void);

/// The level that the kernels use: the detected one, lowered by RETORT_SIMD=scalar|neon|avx2|avx512|avx512vnni when it
/// is set. Read once, at the first call; another value is reported on standard error and lowers nothing.
rk_simd_level rk_simd_active(void);

/// Lowers (never raises above the detected level) what the kernels use from now on. For tests that walk all levels.
void rk_simd_limit(rk_simd_level level);

/// Tells the processor that a loop waits for another thread.
static inline void rk_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#ifdef __cplusplus
}
#endif

#endif

// Includes RK_TILES once for every vector width, with
//   LEVEL(name)  name with the level's suffix
//   VEC, LANES   a vector of floats and its length
//   MAX0(v)      v with negative elements cut; NaN stays
//   TILES        places of the output that are held in registers together, at 2 vectors of output channels each
//   ROWS         input channels that a weight gradient holds, at 2 vectors of output channels each
// For another width, or another number of registers, add a block here.

#define LOAD(p) (*(const VEC *)(p))
#define STORE(p, value) (*(VEC *)(p) = (value))

#define LEVEL(name) name##_scalar
#define VEC float
#define LANES 1
#define MAX0(value) ((value) < 0 ? 0 : (value))
#define TILES 4
#define ROWS 1
#include RK_TILES
#undef LEVEL
#undef VEC
#undef LANES
#undef MAX0
#undef TILES
#undef ROWS

// Where the value is below 0 the comparison is all ones; NaN is not, and stays.
#define MAX0(value) ((VEC)((integers)(value) & ~((value) < 0)))

#if defined(__x86_64__)

// 12 sums, 2 weights and the input fit AVX2's 16 registers.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
typedef float vector8 __attribute__((vector_size(32), aligned(4), may_alias));
typedef int integers8 __attribute__((vector_size(32)));
#define LEVEL(name) name##_avx2
#define VEC vector8
#define integers integers8
#define LANES 8
#define TILES 6
#define ROWS 4
#include RK_TILES
#undef LEVEL
#undef VEC
#undef integers
#undef LANES
#undef TILES
#undef ROWS
#pragma clang attribute pop

// 28 sums and 2 weights fit AVX-512's 32; inputs are broadcast from memory.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
typedef float vector16 __attribute__((vector_size(64), aligned(4), may_alias));
typedef int integers16 __attribute__((vector_size(64)));
#define LEVEL(name) name##_avx512
#define VEC vector16
#define integers integers16
#define LANES 16
#define TILES 14
#define ROWS 8
#include RK_TILES
#pragma clang attribute pop

// The widest level in use whose vectors divide a number of channels.
#define RK_LEVEL_FOR(channels)                                                                                     \
    (rk_simd_active() >= RK_SIMD_AVX512 && (channels) % 16 == 0  ? &kernels_avx512                                 \
     : rk_simd_active() >= RK_SIMD_AVX2 && (channels) % 8 == 0   ? &kernels_avx2                                   \
     : rk_simd_active() < RK_SIMD_AVX2                           ? &kernels_scalar                                 \
                                                                 : NULL)

#elif defined(__aarch64__)

typedef float vector4 __attribute__((vector_size(16), aligned(4), may_alias));
typedef int integers4 __attribute__((vector_size(16)));
#define LEVEL(name) name##_neon
#define VEC vector4
#define integers integers4
#define LANES 4
#define TILES 6
#define ROWS 4
#include RK_TILES

#define RK_LEVEL_FOR(channels)                                            \
    (rk_simd_active() < RK_SIMD_NEON ? &kernels_scalar                    \
     : (channels) % 4 == 0           ? &kernels_neon                      \
                                     : NULL)

#else
#define RK_LEVEL_FOR(channels) (&kernels_scalar)
#endif

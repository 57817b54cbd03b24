// Includes RK_TILES once for every level of the integer kernels, and once more for VNNI with vectors of 8, with
// LEVEL(name)   name with the level's suffix VEC, LANES    a vector of 32-bit sums, which are numbers modulo 2³², and
// its length; SIGNED the same as signed numbers,
//                 FLOATS as single precision
//   LOAD, STORE, BROADCAST, LOAD_FLOATS, MADD
//   PAIRS         sums plus products of 16-bit numbers, two neighbours at a time
//   QUADS         defined where bytes are multiplied: sums plus products of unsigned and signed ones, four at a time
//   STEPS, IN_REGISTERS, STORE_FOUR   four pixels' sums as bytes: integer_requantize.h
//   TILES         patches of Winograd's largest tile, at 2 vectors of output channels each
//
// maddubs is not among them: its 16-bit sums saturate at 32,767, and two products make up to 64,770.
#include "integer_requantize.h"

#if defined(__x86_64__)

// The compiler may not regroup sums: it would hold products of several steps instead, in more registers than there are.
#define PAIRS_OF_MADD(sum, x, w)             \
    ({                                       \
        VEC all = (sum) + MADD(x, w);        \
        __asm__("" : "+v"(all));             \
        all;                                 \
    })
// As assembly: clang makes a multiplication and an addition of the intrinsic in any chain of sums, at a fifth of the
// speed.
#define PAIRS_OF_VNNI(sum, x, w)                                                        \
    ({                                                                                  \
        VEC all = (sum);                                                                \
        __asm__("vpdpwssd %2, %1, %0" : "+v"(all) : "v"((VEC)(x)), "v"((VEC)(w)));      \
        all;                                                                            \
    })

typedef int16_t shorts __attribute__((vector_size(32), aligned(2), may_alias));

typedef uint32_t sums8 __attribute__((vector_size(32)));
typedef int32_t signed8 __attribute__((vector_size(32)));
typedef float floats8 __attribute__((vector_size(32)));
#define VEC sums8
#define SIGNED signed8
#define FLOATS floats8
#define LANES 8
#define LOAD(p) ((VEC)_mm256_loadu_si256((const __m256i *)(p)))
#define STORE(p, x) _mm256_storeu_si256((__m256i *)(p), (__m256i)(x))
#define BROADCAST(x) ((VEC)_mm256_set1_epi32(x))
#define MADD(x, w) ((VEC)_mm256_madd_epi16((__m256i)(x), (__m256i)(w)))
#define LOAD_FLOATS(p) ((FLOATS)_mm256_loadu_ps(p))
#define STEPS rk_steps_of_avx2
#define IN_REGISTERS(q) rk_in_registers_avx2(q)
#define STORE_FOUR(sums, multipliers, q, at, y) \
    rk_store_four_avx2((const __m256i *)(sums), (const __m256 *)(multipliers), q, at, y)

// 12 sums, 2 weights, the input and a product fit 16 registers.
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#define LEVEL(name) name##_avx2
#define TILES 6
#define PAIRS PAIRS_OF_MADD
#include RK_TILES
#undef LEVEL
#undef PAIRS
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
#define LEVEL(name) name##_vnni256
#define PAIRS PAIRS_OF_VNNI
#define QUADS(sum, x, w) ((VEC)_mm256_dpbusd_epi32((__m256i)(sum), (__m256i)(x), (__m256i)(w)))
#include RK_TILES
#undef LEVEL
#undef PAIRS
#undef QUADS
#pragma clang attribute pop

#undef TILES
#undef VEC
#undef SIGNED
#undef FLOATS
#undef LANES
#undef LOAD
#undef STORE
#undef BROADCAST
#undef MADD
#undef LOAD_FLOATS
#undef STEPS
#undef IN_REGISTERS
#undef STORE_FOUR

typedef uint32_t sums16 __attribute__((vector_size(64)));
typedef int32_t signed16 __attribute__((vector_size(64)));
typedef float floats16 __attribute__((vector_size(64)));
#define VEC sums16
#define SIGNED signed16
#define FLOATS floats16
#define LANES 16
#define LOAD(p) ((VEC)_mm512_loadu_si512(p))
#define STORE(p, x) _mm512_storeu_si512(p, (__m512i)(x))
#define BROADCAST(x) ((VEC)_mm512_set1_epi32(x))
#define MADD(x, w) ((VEC)_mm512_madd_epi16((__m512i)(x), (__m512i)(w)))
#define LOAD_FLOATS(p) ((FLOATS)_mm512_loadu_ps(p))
#define STEPS rk_steps_of_avx512
#define IN_REGISTERS(q) rk_in_registers_avx512(q)
#define STORE_FOUR(sums, multipliers, q, at, y) \
    rk_store_four_avx512((const __m512i *)(sums), (const __m512 *)(multipliers), q, at, y)

// 24 sums and 2 weights fit 32 registers.
#define TILES 12

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma"))), apply_to = function)
#define LEVEL(name) name##_avx512
#define PAIRS PAIRS_OF_MADD
#include RK_TILES
#undef LEVEL
#undef PAIRS
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx2,fma"))), apply_to = function)
#define LEVEL(name) name##_vnni
#define PAIRS PAIRS_OF_VNNI
#define QUADS(sum, x, w) ((VEC)_mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(x), (__m512i)(w)))
#include RK_TILES
#pragma clang attribute pop

#endif

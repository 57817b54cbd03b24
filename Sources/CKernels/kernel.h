// How one plain C body becomes a kernel for every instruction set.
#ifndef RETORT_KERNEL_H
#define RETORT_KERNEL_H

#include "CKernels.h"

#define RK_BODY static inline __attribute__((always_inline))

// A loop with a constant number of turns, all of which are written out.
#define RK_UNROLL _Pragma("clang loop unroll(full)")

// Tiles are functions of their own: inlined into one, their sums would not stay in registers.
#define RK_ALONE __attribute__((noinline))

// How many blocks of a size hold a count.
RK_BODY ptrdiff_t rk_blocks(ptrdiff_t count, ptrdiff_t size) { return (count + size - 1) / size; }

// A count in as few pieces as a size allows, of nearly one length: first the long ones, then those one shorter.
typedef struct { ptrdiff_t longs, pieces, longer, shorter; } rk_pieces;
RK_BODY rk_pieces rk_pieces_of(ptrdiff_t count, ptrdiff_t most) {
    ptrdiff_t pieces = rk_blocks(count, most), shorter = count / pieces, longs = count % pieces;
    return (rk_pieces){longs, pieces, shorter + (longs > 0), shorter};
}

// RK_KERNEL(name, (parameters), (arguments)) compiles name##_body once for each level, so that the compiler vectorises
// it with that level's registers, and defines rk_##name, which calls the one in use. For loops that memory bounds; what
// arithmetic bounds has tiles of its own.
#define RK_KERNEL(name, parameters, arguments) RK_KERNEL_AT(rk_simd_active(), name, parameters, arguments)

// The same with the level as an expression, which may be one of the parameters.
#if defined(__x86_64__)
#define RK_AVX2 __attribute__((target("avx2,fma")))
#define RK_AVX512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")))
#define RK_KERNEL_AT(level, name, parameters, arguments)                     \
    RK_AVX2 static void name##_avx2 parameters { name##_body arguments; }     \
    RK_AVX512 static void name##_avx512 parameters { name##_body arguments; } \
    void rk_##name parameters {                                              \
        switch (level) {                                                     \
        case RK_SIMD_AVX512VNNI:                                             \
        case RK_SIMD_AVX512: name##_avx512 arguments; return;                \
        case RK_SIMD_AVX2: name##_avx2 arguments; return;                    \
        default: name##_body arguments; return;                              \
        }                                                                    \
    }
#else
#define RK_KERNEL_AT(level, name, parameters, arguments) \
    void rk_##name parameters { name##_body arguments; }
#endif

#endif

// What a processor can do at most: the roofs that a kernel's rate is compared with.
#ifndef RETORT_LIMITS_H
#define RETORT_LIMITS_H

#include <stddef.h>

// Multiplies and adds in registers, in chains enough to hide their latency, with vectors of 4, 8 or 16 floats: fused
// where the instruction set of that width has it. Returns the operations done, two to each multiply-add and lane; what
// was computed goes to *result.
double limit_multiply_add(int lanes, ptrdiff_t rounds, float *result);

// Copies by vectors of 4, 8 or 16 floats. Both ends are aligned to 64 bytes; count is a multiple of 64.
void limit_copy(int lanes, const float *from, float *to, ptrdiff_t count);

#endif

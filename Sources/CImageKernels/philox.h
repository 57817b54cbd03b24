// Random words for pixel kernels.
#ifndef RETORT_IMAGE_PHILOX_H
#define RETORT_IMAGE_PHILOX_H

#include "image_kernel.h"

enum { LANES = 64 };

// Philox4x32-10 (Salmon et al., SC 2011), on LANES consecutive blocks.
//
// Words stay in the low halves of 64-bit numbers: a product's low half is there already, whatever is above it does not
// count, and processors multiply low halves to whole products at once.
RK_BODY void philox(const uint32_t key[2], const uint32_t counter[4], uint32_t first, uint32_t words[4][LANES]) {
    for (int i = 0; i < LANES; i++) {
        uint64_t c0 = counter[0] + first + (uint32_t)i, c1 = counter[1], c2 = counter[2], c3 = counter[3];
        uint32_t k0 = key[0], k1 = key[1];
        for (int round = 0; round < 10; round++) {
            uint64_t p0 = (c0 & UINT32_MAX) * 0xD2511F53u, p1 = (c2 & UINT32_MAX) * 0xCD9E8D57u;
            c0 = (p1 >> 32) ^ c1 ^ k0;
            c1 = p1;
            c2 = (p0 >> 32) ^ c3 ^ k1;
            c3 = p0;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        words[0][i] = (uint32_t)c0;
        words[1][i] = (uint32_t)c1;
        words[2][i] = (uint32_t)c2;
        words[3][i] = (uint32_t)c3;
    }
}

#endif

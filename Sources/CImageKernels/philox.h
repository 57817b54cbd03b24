// Random words for pixel kernels.
#ifndef RETORT_IMAGE_PHILOX_H
#define RETORT_IMAGE_PHILOX_H

#include "image_kernel.h"

enum { LANES = 64 };

// Philox4x32-10 (Salmon et al., SC 2011), on LANES consecutive blocks.
RK_BODY void philox(const uint32_t key[2], const uint32_t counter[4], uint32_t first, uint32_t words[4][LANES]) {
    for (int i = 0; i < LANES; i++) {
        uint32_t c0 = counter[0] + first + (uint32_t)i, c1 = counter[1], c2 = counter[2], c3 = counter[3];
        uint32_t k0 = key[0], k1 = key[1];
        for (int round = 0; round < 10; round++) {
            uint64_t p0 = (uint64_t)c0 * 0xD2511F53u, p1 = (uint64_t)c2 * 0xCD9E8D57u;
            c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
            c1 = (uint32_t)p1;
            c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
            c3 = (uint32_t)p0;
            k0 += 0x9E3779B9u;
            k1 += 0xBB67AE85u;
        }
        words[0][i] = c0;
        words[1][i] = c1;
        words[2][i] = c2;
        words[3][i] = c3;
    }
}

#endif

#include <string.h>

#include "philox.h"

// Numbers of photons at one mean: the least, and for each further one up to the last place the chance of fewer, in
// units of 2⁻³². The guide says where to begin, by the highest bits of a random word.
typedef struct {
    int32_t first, last;
    uint16_t guide[64];
    uint32_t chance[RK_IMAGE_PHOTONS];
} distribution;

size_t rk_image_shot_noise_bytes(void) { return 256 * sizeof(distribution); }

// Poisson's distribution by its recurrence from the mode outwards, so that nothing underflows; what is less likely than
// 10⁻¹² of the mode is left out. Sums and quotients alone, so the same numbers everywhere.
static void tabulate(double mean, distribution *d) {
    double p[RK_IMAGE_PHOTONS];
    int32_t mode = (int32_t)mean, first = mode;
    double down = 1, sum = 1;
    while (first > 0 && mode - first < RK_IMAGE_PHOTONS / 2 - 1) {
        down *= first / mean;
        if (down < 1e-12) break;
        first--;
        p[mode - first] = down;
        sum += down;
    }
    int32_t below = mode - first;
    for (int32_t i = 0; i < below / 2; i++) {
        double q = p[1 + i];
        p[1 + i] = p[below - i];
        p[below - i] = q;
    }
    memmove(p, p + 1, (size_t)below * sizeof(double));
    p[below] = 1;
    int32_t count = below + 1;
    double up = 1;
    while (count < RK_IMAGE_PHOTONS) {
        up *= mean / (first + count);
        if (up < 1e-12) break;
        p[count++] = up;
        sum += up;
    }
    d->first = first;
    d->last = count - 1;
    double total = 0;
    for (int32_t i = 0; i < count - 1; i++) {
        total += p[i];
        double chance = total / sum * 0x1p32;
        d->chance[i] = chance >= 0x1.fffffffep31 ? UINT32_MAX : (uint32_t)chance;
    }
    uint16_t place = 0;
    for (uint32_t i = 0; i < 64; i++) {
        while (place < d->last && d->chance[place] <= i << 26) place++;
        d->guide[i] = place;
    }
}

void rk_image_add_shot_noise(uint8_t *x, size_t n, float photons, const uint32_t key[2], const uint32_t counter[4],
                             void *work) {
    distribution *tables = work;
    uint8_t present[256] = {0}, level[2 * RK_IMAGE_PHOTONS];
    for (size_t i = 0; i < n; i++) present[x[i]] = 1;
    for (int v = 1; v < 256; v++) {
        if (present[v]) tabulate((double)v / 255 * photons, tables + v);
    }
    for (int k = 0; k < 2 * RK_IMAGE_PHOTONS; k++) {
        float value = (float)k * 255.0f / photons + 0.5f;
        level[k] = (uint8_t)(value > 255.0f ? 255.0f : value);
    }
    uint32_t words[4][LANES];
    const uint32_t *word = &words[0][0];
    for (size_t start = 0; start < n; start += 4 * LANES) {
        philox(key, counter, (uint32_t)(start / 4), words);
        size_t count = n - start < 4 * LANES ? n - start : 4 * LANES;
        for (size_t i = 0; i < count; i++) {
            uint8_t v = x[start + i];
            if (v == 0) continue;
            const distribution *d = tables + v;
            uint32_t u = word[i];
            int32_t place = d->guide[u >> 26];
            while (place < d->last && u >= d->chance[place]) place++;
            x[start + i] = level[d->first + place];
        }
    }
}

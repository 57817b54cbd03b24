#include <string.h>

#include "image_kernel.h"

// Loads from a table do not vectorise to advantage, so these have one form for all levels.

void rk_image_map_bytes(const uint8_t *x, const uint8_t *table, size_t pixels, size_t channels, uint8_t *out) {
    int alike = 1;
    for (size_t c = 1; c < channels; c++) alike &= memcmp(table, table + c * 256, 256) == 0;
    if (alike) {
        for (size_t i = 0; i < pixels * channels; i++) out[i] = table[x[i]];
        return;
    }
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = c; i < pixels * channels; i += channels) out[i] = table[c * 256 + x[i]];
    }
}

void rk_image_map_floats(const uint8_t *x, const float *table, size_t pixels, size_t channels, float *out) {
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = c; i < pixels * channels; i += channels) out[i] = table[c * 256 + x[i]];
    }
}

#include "image_kernel.h"

// Loads from a table do not vectorise to advantage, so these have one form for all levels.

void rk_image_map_bytes(const uint8_t *x, const uint8_t *table, size_t pixels, size_t channels, uint8_t *out) {
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = c; i < pixels * channels; i += channels) out[i] = table[c * 256 + x[i]];
    }
}

void rk_image_map_floats(const uint8_t *x, const float *table, size_t pixels, size_t channels, float *out) {
    for (size_t c = 0; c < channels; c++) {
        for (size_t i = c; i < pixels * channels; i += channels) out[i] = table[c * 256 + x[i]];
    }
}

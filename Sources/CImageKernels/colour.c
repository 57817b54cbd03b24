#include <string.h>

#include "image_kernel.h"

enum { TILE = 64 };

RK_BODY uint8_t cut(int32_t x) {
    x = x < 0 ? 0 : x;
    return (uint8_t)(x > 255 ? 255 : x);
}

// The pixels of a tile are taken apart into planes, so that the products run over vectors.
RK_BODY void mix_tile(uint8_t *x, size_t count, size_t channels, const int32_t m[12]) {
    uint8_t r[TILE], g[TILE], b[TILE];
    for (size_t i = 0; i < count; i++) {
        r[i] = x[i * channels];
        g[i] = x[i * channels + 1];
        b[i] = x[i * channels + 2];
    }
    uint8_t mixed[3][TILE];
    for (size_t c = 0; c < 3; c++) {
        const int32_t *row = m + 4 * c;
        for (size_t i = 0; i < TILE; i++) {
            mixed[c][i] = cut((row[0] * r[i] + row[1] * g[i] + row[2] * b[i] + row[3] + (1 << 15)) >> 16);
        }
    }
    for (size_t i = 0; i < count; i++) {
        x[i * channels] = mixed[0][i];
        x[i * channels + 1] = mixed[1][i];
        x[i * channels + 2] = mixed[2][i];
    }
}

RK_BODY void mix_colours_body(uint8_t *x, size_t pixels, size_t channels, const int32_t matrix[12]) {
    for (size_t start = 0; start < pixels; start += TILE) {
        size_t left = pixels - start;
        uint8_t *tile = x + start * channels;
        if (left < TILE) {
            uint8_t last[TILE * 4] = {0};
            memcpy(last, tile, left * channels);
            if (channels == 3) mix_tile(last, TILE, 3, matrix);
            else mix_tile(last, TILE, 4, matrix);
            memcpy(tile, last, left * channels);
        } else if (channels == 3) {
            mix_tile(tile, TILE, 3, matrix);
        } else {
            mix_tile(tile, TILE, 4, matrix);
        }
    }
}
RK_IMAGE_KERNEL(mix_colours, (uint8_t *x, size_t pixels, size_t channels, const int32_t matrix[12]),
                (x, pixels, channels, matrix))

// Four counters for each value, so that equal neighbours do not wait for one another.
void rk_image_histogram(const uint8_t *x, size_t pixels, size_t channels, uint32_t counts[256]) {
    uint32_t parts[4][256];
    memset(parts, 0, sizeof parts);
    size_t i = 0;
    for (; i + 4 <= pixels; i += 4) {
        parts[0][x[i * channels]]++;
        parts[1][x[(i + 1) * channels]]++;
        parts[2][x[(i + 2) * channels]]++;
        parts[3][x[(i + 3) * channels]]++;
    }
    for (; i < pixels; i++) parts[0][x[i * channels]]++;
    for (int v = 0; v < 256; v++) counts[v] = parts[0][v] + parts[1][v] + parts[2][v] + parts[3][v];
}

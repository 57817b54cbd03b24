// Retort's pixel kernels, used by Augment alone: plain C, one job each, chosen at run time by what the processor offers.
//
// Images are bytes [height, width, channels], row-major, pixel centres at i + 0.5. Every kernel gives the same bits at
// every level: coordinates and interpolation are integers, and float expressions are never contracted.
#ifndef RETORT_CIMAGEKERNELS_H
#define RETORT_CIMAGEKERNELS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// ---- dispatch -------------------------------------------------------------------------------------------------------

typedef enum {
    RK_IMAGE_SCALAR = 0,
    RK_IMAGE_AVX2 = 1,
    RK_IMAGE_AVX512 = 2,  // F, BW, DQ and VL
} rk_image_level;

/// The highest level this processor offers.
rk_image_level rk_image_detected(void);

/// The level that the kernels use: the detected one, lowered by RETORT_SIMD=scalar|neon|avx2|avx512|avx512vnni. Read
/// once, at the first call; another value is reported on standard error and lowers nothing.
rk_image_level rk_image_active(void);

/// Lowers (never raises above the detected level) what the kernels use from now on. For tests that walk all levels.
void rk_image_limit(rk_image_level level);

// ---- warp -----------------------------------------------------------------------------------------------------------

/// Pixels that frame an image for rk_image_warp, on each side.
#define RK_IMAGE_FRAME 2

typedef enum { RK_IMAGE_ZERO = 0, RK_IMAGE_EDGE = 1, RK_IMAGE_REFLECT = 2 } rk_image_border;

/// Where output pixel (row, column) reads: x = x0 + column · x_column + row · x_row, and y alike, in units of 2⁻³² pixel,
/// counted from the centre of the first input pixel.
typedef struct {
    int64_t x0, x_column, x_row;
    int64_t y0, y_column, y_row;
} rk_image_map;

/// Writes the image [height, width, channels] with a frame of zeros or, for the other borders, of its edge.
///
/// framed: [height + 4, width + 4, channels], and 4 bytes more that are read and not used.
void rk_image_add_frame(const uint8_t *image, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                        rk_image_border border, uint8_t *framed);

/// Bilinear resampling of a framed image to one of the same size, coordinates rounded to 1/2048 pixel. A framed image has
/// fewer than 2³¹ bytes.
void rk_image_warp(const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                   rk_image_border border, const rk_image_map *map, uint8_t *out);

// ---- tables: [channels, 256], pixels of `channels` bytes ------------------------------------------------------------

/// out may be x.
void rk_image_map_bytes(const uint8_t *x, const uint8_t *table, size_t pixels, size_t channels, uint8_t *out);
void rk_image_map_floats(const uint8_t *x, const float *table, size_t pixels, size_t channels, float *out);

// ---- noise ----------------------------------------------------------------------------------------------------------

/// x + deviation · z, rounded and cut to 0 ... 255, in place; z from the standard normal distribution.
///
/// Element 256 t + 64 j + i takes its number from word j of Philox4x32-10's block at counter
/// (counter[0] + 64 t + i, counter[1], counter[2], counter[3]): words 0 and 1 of a block make two normal numbers, for
/// j = 0 and 1, by Box and Muller's transform, and words 2 and 3 the others.
void rk_image_add_noise(uint8_t *x, size_t n, float deviation, const uint32_t key[2], const uint32_t counter[4]);

#ifdef __cplusplus
}
#endif

#endif

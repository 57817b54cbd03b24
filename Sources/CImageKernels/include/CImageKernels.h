// Retort's pixel kernels, used by Augment alone: plain C, one job each, chosen at run time by what the processor
// offers.
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

/// Bilinear for pixels; nearest for labels, which have nothing between them.
typedef enum { RK_IMAGE_BILINEAR = 0, RK_IMAGE_NEAREST = 1 } rk_image_filter;

/// Where output pixel (row, column) reads: x = x0 + column · x_column + row · x_row, and y alike, in units of 2⁻³²
/// pixel, counted from the centre of the first input pixel.
typedef struct {
    int64_t x0, x_column, x_row;
    int64_t y0, y_column, y_row;
} rk_image_map;

/// Writes the image [height, width, channels] with a frame of zeros or, for the other borders, of its edge.
///
/// framed: [height + 4, width + 4, channels], and 4 bytes more that are read and not used.
void rk_image_add_frame(const uint8_t *image, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                        rk_image_border border, uint8_t *framed);

/// Writes the frame around pixels that are in their places already.
void rk_image_fill_frame(ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, rk_image_border border,
                         uint8_t *framed);

/// Resampling of a framed image to [out_height, out_width, channels], coordinates rounded to 1/2048 pixel and blends to
/// 1/32 level before the last rounding. A framed image has fewer than 2³¹ bytes.
void rk_image_warp(const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                   rk_image_border border, rk_image_filter filter, const rk_image_map *map, ptrdiff_t out_height,
                   ptrdiff_t out_width, uint8_t *out);

/// The mean of each block of pixels, rounded, halves up: out is [⌈height / block_rows⌉, ⌈width / block_columns⌉,
/// channels]. The last blocks of a row or column may be smaller. Blocks have up to 2¹⁶ rows. sums: width · channels
/// numbers to work in. out_stride: bytes from a row of means to the next.
void rk_image_average_blocks(const uint8_t *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                             ptrdiff_t block_rows, ptrdiff_t block_columns, uint32_t *sums, ptrdiff_t out_stride,
                             uint8_t *out);

/// Where output pixel (row, column) reads: x = (x[0] + column · x[1] + row · x[2]) / (w[0] + column · w[1] + row ·
/// w[2]) and y alike, in pixels, counted from the centre of the first input pixel. Where the divisor is not positive
/// there is only border.
typedef struct {
    double x[3], y[3], w[3];
} rk_image_projection;

/// As rk_image_warp, by a map of the projective plane.
void rk_image_project(const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                      rk_image_border border, rk_image_filter filter, const rk_image_projection *map,
                      ptrdiff_t out_height, ptrdiff_t out_width, uint8_t *out);

/// As rk_image_warp, at the same size; each output pixel reads at its own place plus (right, down), [height, width], in
/// pixels.
void rk_image_displace(const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                       rk_image_border border, rk_image_filter filter, const float *right, const float *down,
                       uint8_t *out);

/// The image mirrored left and right, top and bottom, or both. out is not x.
void rk_image_mirror(const uint8_t *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, int sideways, int upright,
                     uint8_t *out);

/// Convolves [height, width] numbers, in place, with 2 · radius + 1 taps along rows and then down columns; zeros lie
/// beyond the edges. scratch: the larger of height · width and width + 2 · radius.
void rk_image_smooth(float *field, ptrdiff_t height, ptrdiff_t width, const float *taps, ptrdiff_t radius,
                     float *scratch);

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

/// As rk_image_add_noise, with the deviation √(linear · x + quadratic · x²) of the value x itself.
void rk_image_add_varying_noise(uint8_t *x, size_t n, float linear, float quadratic, const uint32_t key[2],
                                const uint32_t counter[4]);

/// Photons that rk_image_add_shot_noise counts to at most, about one mean.
#define RK_IMAGE_PHOTONS 256

/// Bytes that rk_image_add_shot_noise works in, aligned to 8.
size_t rk_image_shot_noise_bytes(void);

/// Replaces each value by the count of photons that arrive where x / 255 · photons are expected, scaled back and cut:
/// Poisson's distribution, by inversion. photons: positive, 256 at most. Element 256 t + 64 j + i takes word j of the
/// block at counter + 64 t + i, as above.
void rk_image_add_shot_noise(uint8_t *x, size_t n, float photons, const uint32_t key[2], const uint32_t counter[4],
                             void *work);

/// Sets whole pixels to 0 with the chance pepper · 2⁻²⁴, and to 255 with the chance salt · 2⁻²⁴, which sum to 1 at
/// most.
void rk_image_salt_and_pepper(uint8_t *x, size_t pixels, size_t channels, uint32_t pepper, uint32_t salt,
                              const uint32_t key[2], const uint32_t counter[4]);

/// Random bytes, each value equally likely.
void rk_image_random_bytes(uint8_t *out, size_t n, const uint32_t key[2], const uint32_t counter[4]);

// ---- colours --------------------------------------------------------------------------------------------------------

/// Replaces the first three of 3 or 4 channels: row c of the matrix [3, 4] times (r, g, b, 1), in units of 2⁻¹⁶,
/// rounded and cut. The sum of a row's magnitudes times 256 is below 2³¹.
void rk_image_mix_colours(uint8_t *x, size_t pixels, size_t channels, const int32_t matrix[12]);

/// How often each value occurs in every `channels`-th byte from x on.
void rk_image_histogram(const uint8_t *x, size_t pixels, size_t channels, uint32_t counts[256]);

// ---- filters --------------------------------------------------------------------------------------------------------

/// What a filter adds to a pixel: the one so many rows down and columns right of it, times weight · 2⁻¹⁶.
typedef struct {
    int32_t row, column, weight;
} rk_image_tap;

/// Bytes behind a framed image that rk_image_convolve reads and does not use.
#define RK_IMAGE_SLACK 64

/// Writes the image with a margin that repeats its edge: [height + 2 margin_rows, width + 2 margin_columns, channels].
void rk_image_add_margin(const uint8_t *image, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                         ptrdiff_t margin_rows, ptrdiff_t margin_columns, uint8_t *framed);

/// The sum of the taps, rounded and cut. Taps stay within the margins; the magnitudes of their weights sum to 2²² at
/// most.
void rk_image_convolve(const uint8_t *framed, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels,
                       ptrdiff_t margin_rows, ptrdiff_t margin_columns, const rk_image_tap *taps, size_t count,
                       uint8_t *out);

// ---- weather: layers are numbers [height, width], in rows `stride` numbers apart -----------------------------------

/// One step of successive random addition: a grid of twice the density, interpolated, each number plus
/// (random − 128) · amplitude / 128.
///
/// coarse: at least [rows / 2 + 1, columns / 2 + 1]. random: [rows, columns]. between: columns / 2 + 1. fine: [rows,
/// columns].
void rk_image_finer(const int16_t *coarse, ptrdiff_t coarse_stride, const uint8_t *random, int32_t amplitude,
                    ptrdiff_t rows, ptrdiff_t columns, int16_t *between, int16_t *fine);

/// The least and the largest number of a layer.
void rk_image_layer_range(const int16_t *layer, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t stride, int16_t range[2]);

/// x · gain + layer · layer_gain + offset, rounded and cut, in all channels but a fourth of four, in place.
void rk_image_add_layer(uint8_t *x, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, const int16_t *layer,
                        ptrdiff_t stride, float gain, float layer_gain, float offset);

/// A line that falls from (top, x) through so many rows; x in units of 2⁻¹⁶ column.
typedef struct {
    int32_t top, rows, x, light;
} rk_image_streak;

/// Adds the light of streaks to a layer [height, width], shared between the two nearest columns. slope: 2⁻¹⁶ columns a
/// row.
void rk_image_draw_streaks(int16_t *layer, ptrdiff_t height, ptrdiff_t width, const rk_image_streak *streaks,
                           size_t count, int32_t slope);

/// Enlarges a one-channel image by interpolation; output (row, column) reads at (row, column) · step · 2⁻¹⁶. Results
/// below the threshold become 0. small: one more row and column than is read at.
void rk_image_enlarge(const uint8_t *small, ptrdiff_t small_width, ptrdiff_t height, ptrdiff_t width, int32_t step,
                      uint8_t threshold, uint8_t *out);

/// keep · x + (1 − keep) · max(x, 1.5 · luma + 127.5), of values up to 255, in all channels but a fourth of four. Luma
/// is that of ITU-R BT.601 for 3 and 4 channels, the value itself otherwise.
void rk_image_whiten(uint8_t *x, size_t pixels, size_t channels, float keep);

/// The largest value in any channel but a fourth of four.
uint8_t rk_image_largest_colour(const uint8_t *x, size_t pixels, size_t channels);

// ---- JPEG (ITU-T T.81 and T.871) ------------------------------------------------------------------------------------

/// Takes 3 or 4 channels apart into luma and two differences, and joins them again; a fourth channel is left out.
void rk_image_split_colours(const uint8_t *x, size_t pixels, size_t channels, uint8_t *y, uint8_t *cb, uint8_t *cr);
void rk_image_join_colours(const uint8_t *y, const uint8_t *cb, const uint8_t *cr, size_t pixels, size_t channels,
                           uint8_t *x);

/// Averages 2×2 values: [height, width] to rows `stride` apart, half as many, rounded up.
void rk_image_halve(const uint8_t *plane, ptrdiff_t height, ptrdiff_t width, ptrdiff_t stride, uint8_t *out);

/// Doubles the sides by weights 9, 3, 3 and 1 of 16. height and width are those of out; between: width / 2 + 3 numbers.
void rk_image_double(const uint8_t *plane, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t width, int16_t *between,
                     uint8_t *out);

/// Repeats the edge up to whole blocks of 8×8, in rows `stride` apart, a multiple of 8.
void rk_image_pad_blocks(uint8_t *plane, ptrdiff_t height, ptrdiff_t width, ptrdiff_t stride);

/// Each 8×8 block through the discrete cosine transform, rounded to multiples of the steps (row-major), and back. Sides
/// are multiples of 8.
void rk_image_quantize_blocks(uint8_t *plane, ptrdiff_t height, ptrdiff_t width, const uint16_t steps[64]);

#ifdef __cplusplus
}
#endif

#endif

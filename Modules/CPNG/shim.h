#ifndef RETORT_CPNG_SHIM_H
#define RETORT_CPNG_SHIM_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

// libpng leaves an error by longjmp, and no Swift frame may be jumped over. So the whole of decoding, setjmp and what
// it guards, is one C function here. (Its simplified interface returns errors instead, but some releases of it mix up
// the rows of interlaced images with 16 bits: those that got the first repair of CVE-2025-65018.)

/// Room for a fault's text.
#define RETORT_PNG_MESSAGE_SIZE 200

struct retort_png_source {
    const unsigned char *bytes;
    size_t left;
    char *message;
};

static inline void retort_png_fail(png_structp png, png_const_charp text) {
    struct retort_png_source *source = (struct retort_png_source *)png_get_error_ptr(png);
    snprintf(source->message, RETORT_PNG_MESSAGE_SIZE, "%s", text);
    png_longjmp(png, 1);
}

static inline void retort_png_read(png_structp png, png_bytep target, size_t count) {
    struct retort_png_source *source = (struct retort_png_source *)png_get_io_ptr(png);
    if (count > source->left) png_error(png, "the file ends early");
    memcpy(target, source->bytes, count);
    source->bytes += count;
    source->left -= count;
}

/// A decoded file: 8 bits a sample; 1, 3 or 4 channels; rows top down, no padding. The pixels are the caller's to free.
struct retort_png_image {
    unsigned char *pixels;
    size_t width, height, channels;
};

/// Decodes a PNG file in memory, whose extents were checked. Warnings are faults too: libpng drops what they are about.
/// Returns 0, or 1 with the reason in `message` (RETORT_PNG_MESSAGE_SIZE bytes); then `image->pixels` is null.
static inline int retort_png_decode(
    const unsigned char *bytes, size_t size, struct retort_png_image *image, char *message) {
    struct retort_png_source source = {bytes, size, message};
    image->pixels = NULL;
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &source, retort_png_fail, retort_png_fail);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        snprintf(message, RETORT_PNG_MESSAGE_SIZE, "no memory");
        png_destroy_read_struct(&png, NULL, NULL);
        return 1;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        free(image->pixels);
        image->pixels = NULL;
        return 1;
    }
    png_set_read_fn(png, &source, retort_png_read);
    png_set_benign_errors(png, 0);
    png_read_info(png, info);

    // Palettes become colours, fewer than 8 bits 8, tRNS opacity; 16 bits are rounded to 8.
    png_set_expand(png);
    png_set_scale_16(png);
    if (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA || png_get_valid(png, info, PNG_INFO_tRNS))
        png_set_gray_to_rgb(png);
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);

    image->width = png_get_image_width(png, info);
    image->height = png_get_image_height(png, info);
    image->channels = png_get_channels(png, info);
    size_t stride = png_get_rowbytes(png, info);
    if (stride != image->width * image->channels) png_error(png, "rows of an unexpected length");
    image->pixels = (unsigned char *)malloc(stride * image->height);
    if (!image->pixels) png_error(png, "no memory");
    for (int pass = 0; pass < passes; pass++)
        for (size_t row = 0; row < image->height; row++) png_read_row(png, image->pixels + row * stride, NULL);
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
}

/// The most bytes that libpng writes for an image of this format: its macro, which Swift does not see.
static inline size_t retort_png_largest_size(const png_image *image) { return PNG_IMAGE_PNG_SIZE_MAX(*image); }

#endif

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
    int lacks_memory;
    /// What a sample of 16 bits becomes 255 at, and all bits that are set in one of them, opacity aside.
    unsigned range, bits;
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

/// Notes that the machine has no memory: whatever libpng then says of the file is not the file's fault.
static inline png_voidp retort_png_allocate(png_structp png, png_alloc_size_t count) {
    void *memory = malloc(count);
    if (!memory) ((struct retort_png_source *)png_get_mem_ptr(png))->lacks_memory = 1;
    return memory;
}

static inline void retort_png_release(png_structp png, png_voidp memory) {
    (void)png;
    free(memory);
}

/// Makes samples of 8 bits of those of 16, rounded to nearest: 255 for the source's range and beyond.
static inline void retort_png_narrow(png_structp png, png_row_infop row, png_bytep data) {
    struct retort_png_source *source = (struct retort_png_source *)png_get_user_transform_ptr(png);
    if (row->bit_depth != 16) return;
    size_t count = (size_t)row->width * row->channels;
    for (size_t place = 0; place < count; place++) {
        unsigned value = (unsigned)data[2 * place] << 8 | data[2 * place + 1];
        int is_opacity = row->channels == 4 && place % 4 == 3;
        unsigned range = is_opacity ? 65535 : source->range;
        if (!is_opacity) source->bits |= value;
        data[place] = (png_byte)(value >= range ? 255 : (value * 255 + range / 2) / range);
    }
    row->bit_depth = 8;
    row->pixel_depth = (png_byte)(8 * row->channels);
    row->rowbytes = count;
}

/// Decodes a PNG file in memory, whose extents were checked: 8 bits a sample, rows top down, no padding, into the
/// `count` bytes at `pixels`, which must be what its extents and channels need. Warnings are faults too: libpng drops
/// what they are about. Samples of 16 bits are scaled so that `range` becomes 255, and `*bits` are those that are set in
/// one of them. Returns 0, 1 with the reason in `message` (RETORT_PNG_MESSAGE_SIZE bytes), or 2 where the machine has no
/// memory.
static inline int retort_png_decode(
    const unsigned char *bytes, size_t size, unsigned char *pixels, size_t count, unsigned range,
    unsigned *bits, char *message) {
    struct retort_png_source source = {bytes, size, message, 0, range, 0};
    png_structp png = png_create_read_struct_2(
        PNG_LIBPNG_VER_STRING, &source, retort_png_fail, retort_png_fail, &source, retort_png_allocate,
        retort_png_release);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        return 2;
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_read_struct(&png, &info, NULL);
        return source.lacks_memory ? 2 : 1;
    }
    png_set_read_fn(png, &source, retort_png_read);
    png_set_benign_errors(png, 0);
    // Some encoders announce a smaller window than they use; zlib is given the largest, whatever the file says.
    png_set_option(png, PNG_MAXIMUM_INFLATE_WINDOW, PNG_OPTION_ON);
    png_read_info(png, info);

    // Palettes become colours, fewer than 8 bits 8, tRNS opacity; 16 bits are rounded to 8.
    png_set_expand(png);
    int is_deep = png_get_bit_depth(png, info) == 16;
    if (png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA || png_get_valid(png, info, PNG_INFO_tRNS))
        png_set_gray_to_rgb(png);
    if (is_deep) {
        png_set_read_user_transform_fn(png, retort_png_narrow);
        png_set_user_transform_info(png, &source, 8, 0);
    }
    int passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);

    size_t height = png_get_image_height(png, info), stride = png_get_rowbytes(png, info);
    if (stride != (size_t)png_get_image_width(png, info) * png_get_channels(png, info) || stride * height != count)
        png_error(png, "rows of an unexpected length");
    for (int pass = 0; pass < passes; pass++)
        for (size_t row = 0; row < height; row++) png_read_row(png, pixels + row * stride, NULL);
    png_read_end(png, NULL);
    png_destroy_read_struct(&png, &info, NULL);
    *bits = source.bits;
    return 0;
}

/// The most bytes that libpng writes for an image of this format: its macro, which Swift does not see.
static inline size_t retort_png_largest_size(const png_image *image) { return PNG_IMAGE_PNG_SIZE_MAX(*image); }

#endif

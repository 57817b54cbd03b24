#ifndef RETORT_CJPEG_SHIM_H
#define RETORT_CJPEG_SHIM_H

// jpeglib.h uses FILE and size_t without declaring them.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <jpeglib.h>

#include <jerror.h>

// libjpeg reports an error by calling a function that must not return; longjmp is the only way out of it, and no Swift
// frame may be jumped over. So each whole call, setjmp and what it guards, is one C function here. What changes after
// setjmp lives on the heap: automatic variables would be indeterminate after a jump.

/// Where an error leaves to, and what it says.
struct retort_jpeg_error {
    struct jpeg_error_mgr manager; // first: libjpeg hands out a pointer to it
    jmp_buf exit;
    char *message; // JMSG_LENGTH_MAX bytes
    int lacks_memory;
    int is_cut_short;
};

static inline void retort_jpeg_leave(j_common_ptr info) {
    struct retort_jpeg_error *error = (struct retort_jpeg_error *)info->err;
    error->manager.format_message(info, error->message);
    error->lacks_memory = info->err->msg_code == JERR_OUT_OF_MEMORY;
    error->is_cut_short = info->err->msg_code == JWRN_JPEG_EOF;
    longjmp(error->exit, 1);
}

/// Takes damaged data, which libjpeg would paint grey after a warning, for the error that it is. Level -1 is a warning.
static inline void retort_jpeg_warn(j_common_ptr info, int level) {
    if (level >= 0) return;
    switch (info->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA: // padding between markers, which cameras write
    case JWRN_ADOBE_XFORM:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL: return;
    default: retort_jpeg_leave(info);
    }
}

static inline struct jpeg_error_mgr *retort_jpeg_catch(struct retort_jpeg_error *error, char *message) {
    struct jpeg_error_mgr *manager = jpeg_std_error(&error->manager);
    manager->error_exit = retort_jpeg_leave;
    manager->emit_message = retort_jpeg_warn;
    error->message = message;
    message[0] = 0;
    return manager;
}

/// A small progressive file can ask for thousands of passes over a large image; encoders write about ten.
static inline void retort_jpeg_limit_scans(j_common_ptr info) {
    if (((j_decompress_ptr)info)->input_scan_number > 100) ERREXIT(info, JERR_BAD_PROGRESSION);
}

/// What a file announces: extents, and 1 channel or 3 that it is decoded to.
struct retort_jpeg_header {
    size_t width, height, channels;
    /// Bytes that libjpeg needs beside the pixels: a file of several scans is kept as coefficients.
    size_t coefficient_bytes;
    /// 4 for CMYK and YCCK, which libjpeg makes no colours of.
    int components;
    int is_ycck;
    /// What extents are divided by, rounded up, when pixels are decoded: 1, 2, 4 or 8.
    unsigned int divisor;
};

struct retort_jpeg_decoder {
    struct jpeg_decompress_struct info;
    struct jpeg_progress_mgr progress;
    struct retort_jpeg_error error;
};

/// Decodes a JPEG file in memory into `pixels`, rows top down, no padding, which has room for what its header says,
/// divided by the divisor; or, where that is null, fills in the header alone. Returns 0, 1 with the reason in `message`
/// (JMSG_LENGTH_MAX bytes), 2 where the machine has no memory, or 3 where the file ends before the image.
static inline int retort_jpeg_decode(
    const unsigned char *bytes, size_t size, struct retort_jpeg_header *header, unsigned char *pixels, char *message) {
    struct retort_jpeg_decoder *decoder = (struct retort_jpeg_decoder *)calloc(1, sizeof *decoder);
    if (!decoder) return 2;
    j_decompress_ptr info = &decoder->info;
    info->err = retort_jpeg_catch(&decoder->error, message);
    if (setjmp(decoder->error.exit)) {
        int status = decoder->error.lacks_memory ? 2 : decoder->error.is_cut_short ? 3 : 1;
        jpeg_destroy_decompress(info);
        free(decoder);
        return status;
    }
    jpeg_create_decompress(info);
    decoder->progress.progress_monitor = retort_jpeg_limit_scans;
    info->progress = &decoder->progress;
    jpeg_mem_src(info, (unsigned char *)bytes, size);
    jpeg_read_header(info, TRUE);
    if (!pixels) {
        header->width = info->image_width;
        header->height = info->image_height;
        header->channels = info->jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
        header->components = info->num_components;
        header->is_ycck = info->jpeg_color_space == JCS_YCCK;
        size_t samples = (size_t)info->image_width * info->image_height * (size_t)info->num_components;
        header->coefficient_bytes = jpeg_has_multiple_scans(info) ? sizeof(JCOEF) * samples : 0;
    } else {
        // An arithmetic code spends next to nothing on an empty block, so a file's size would justify no image's.
        if (info->arith_code) ERREXIT(info, JERR_ARITH_NOTIMPL);
        info->out_color_space = info->jpeg_color_space == JCS_GRAYSCALE ? JCS_GRAYSCALE : JCS_RGB;
        info->scale_num = 1;
        info->scale_denom = header->divisor;
        jpeg_start_decompress(info);
        size_t stride = (size_t)info->output_width * header->channels;
        while (info->output_scanline < info->output_height) {
            JSAMPROW row = pixels + stride * info->output_scanline;
            jpeg_read_scanlines(info, &row, 1);
        }
        jpeg_finish_decompress(info);
    }
    jpeg_destroy_decompress(info);
    free(decoder);
    return 0;
}

/// An image to encode: 1 channel or 3, rows top down, no padding.
struct retort_jpeg_image {
    unsigned char *pixels;
    size_t width, height, channels;
};

struct retort_jpeg_encoder {
    struct jpeg_compress_struct info;
    struct retort_jpeg_error error;
    unsigned char *bytes;
    unsigned long size;
};

/// Encodes an image of 1 or 3 channels without subsampling its colours; quality is in 1 ... 100. Returns 0 with the
/// file in `*bytes`, the caller's to free, or 1 with the reason in `message` (JMSG_LENGTH_MAX bytes).
static inline int retort_jpeg_encode(
    const struct retort_jpeg_image *image, int quality, unsigned char **bytes, size_t *size, char *message) {
    struct retort_jpeg_encoder *encoder = (struct retort_jpeg_encoder *)calloc(1, sizeof *encoder);
    if (!encoder) {
        snprintf(message, JMSG_LENGTH_MAX, "no memory");
        return 1;
    }
    j_compress_ptr info = &encoder->info;
    info->err = retort_jpeg_catch(&encoder->error, message);
    if (setjmp(encoder->error.exit)) {
        // Only this tells where the buffer is now: it moves as it grows.
        if (info->dest) info->dest->term_destination(info);
        free(encoder->bytes);
        jpeg_destroy_compress(info);
        free(encoder);
        return 1;
    }
    jpeg_create_compress(info);
    jpeg_mem_dest(info, &encoder->bytes, &encoder->size);
    info->image_width = (JDIMENSION)image->width;
    info->image_height = (JDIMENSION)image->height;
    info->input_components = (int)image->channels;
    info->in_color_space = image->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(info);
    jpeg_set_quality(info, quality, TRUE);
    info->comp_info[0].h_samp_factor = 1;
    info->comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(info, TRUE);
    while (info->next_scanline < info->image_height) {
        JSAMPROW row = image->pixels + image->width * image->channels * info->next_scanline;
        jpeg_write_scanlines(info, &row, 1);
    }
    jpeg_finish_compress(info);
    *bytes = encoder->bytes;
    *size = encoder->size;
    jpeg_destroy_compress(info);
    free(encoder);
    return 0;
}

/// Lets the allocator of GNU keep up to 64 MB that images of up to 4 MB gave back; others are left as they are.
static inline void retort_keep_freed_images(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 4 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
#endif
}

#endif

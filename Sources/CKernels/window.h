// Which taps of a window lie in the image, along one axis.
#ifndef RETORT_WINDOW_H
#define RETORT_WINDOW_H

#include "kernel.h"

typedef struct {
    ptrdiff_t tap, count;  // taps tap ..< tap + count are in the image
    ptrdiff_t first;       // the pixel that the first of them reads
    ptrdiff_t counted;     // taps in the image and its padding: all but those that a last, partial window lacks
} rk_window_axis;

// Taps of a window that begins at `start`, which is not behind the padding, with a tap every `dilation` pixels.
RK_BODY ptrdiff_t rk_taps_before(ptrdiff_t end, ptrdiff_t start, ptrdiff_t taps, ptrdiff_t dilation) {
    ptrdiff_t reach = end - start;
    if (reach >= (taps - 1) * dilation + 1) return taps;
    return dilation == 1 ? reach : rk_blocks(reach, dilation);
}

RK_BODY rk_window_axis rk_window_at(ptrdiff_t start, ptrdiff_t taps, ptrdiff_t dilation, ptrdiff_t extent,
                                    ptrdiff_t after) {
    ptrdiff_t tap = start >= 0 ? 0 : dilation == 1 ? -start : rk_blocks(-start, dilation);
    ptrdiff_t end = rk_taps_before(extent, start, taps, dilation);
    return (rk_window_axis){tap, end - tap, start + tap * dilation,
                            rk_taps_before(extent + after, start, taps, dilation)};
}

RK_BODY rk_window_axis rk_window_rows(const rk_patch_geometry *g, ptrdiff_t oy) {
    return rk_window_at(oy * g->stride_height - g->padding_top, g->kernel_height, g->dilation_height, g->input_height,
                        g->padding_bottom);
}

RK_BODY rk_window_axis rk_window_columns(const rk_patch_geometry *g, ptrdiff_t ox) {
    return rk_window_at(ox * g->stride_width - g->padding_left, g->kernel_width, g->dilation_width, g->input_width,
                        g->padding_right);
}

#endif

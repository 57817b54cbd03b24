// Where patches of F(4×4, 3×3) lie in the result, for both kinds of Winograd.
#ifndef RETORT_WINOGRAD_PLACES_H
#define RETORT_WINOGRAD_PLACES_H

#include "kernel.h"

// Where in the result a patch begins.
typedef struct { ptrdiff_t image, y, x; } tile_place;

static inline tile_place tile_at(const rk_winograd_geometry *g, ptrdiff_t tile) {
    ptrdiff_t columns = rk_blocks(g->output_width, 4), rows = rk_blocks(g->output_height, 4);
    return (tile_place){tile / (rows * columns), tile / columns % rows * 4, tile % columns * 4};
}

#endif

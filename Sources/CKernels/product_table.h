// The tile product_tile of a level as a function for each number of patches and of vectors, and a table of them. The
// includer says LEVEL and TILES, and the tile's parameters without those numbers as TILE_PARAMETERS and TILE_ARGUMENTS.
// Tiles are functions of their own: inlined into one, their sums would not stay in registers.
#define PRODUCT(n)                                                      \
    static RK_ALONE void LEVEL(product_##n##x1)(TILE_PARAMETERS) {      \
        LEVEL(product_tile)(TILE_ARGUMENTS, n, 1);                      \
    }                                                                   \
    static RK_ALONE void LEVEL(product_##n##x2)(TILE_PARAMETERS) {      \
        LEVEL(product_tile)(TILE_ARGUMENTS, n, 2);                      \
    }
#define NAMES(n) {LEVEL(product_##n##x1), LEVEL(product_##n##x2)}
PRODUCT(1) PRODUCT(2) PRODUCT(3) PRODUCT(4)
#if TILES > 4
PRODUCT(5) PRODUCT(6)
#endif
#if TILES > 6
PRODUCT(7) PRODUCT(8) PRODUCT(9) PRODUCT(10) PRODUCT(11) PRODUCT(12)
#endif
#if TILES > 12
PRODUCT(13) PRODUCT(14)
#endif
static const product_function LEVEL(product_table)[TILES][2] = {
    NAMES(1), NAMES(2), NAMES(3), NAMES(4),
#if TILES > 4
    NAMES(5), NAMES(6),
#endif
#if TILES > 6
    NAMES(7), NAMES(8), NAMES(9), NAMES(10), NAMES(11), NAMES(12),
#endif
#if TILES > 12
    NAMES(13), NAMES(14),
#endif
};
#undef PRODUCT
#undef NAMES

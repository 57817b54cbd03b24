extension CKernelText {
    /// The kernels that slide a window over an image.
    var windowText: String {
        switch self {
        case .window:
            """
            typedef struct {
                int32_t height, width, channels, window_height, window_width, output_height, output_width;
                int32_t stride_height, stride_width, padding_top, padding_left, padding_bottom, padding_right;
                int32_t dilation_height, dilation_width;
            } window;

            /* The taps of a window that lie in the image, along one axis: the first one's pixel, how many there are,
             * and how many lie in the padded image. */
            typedef struct {
                int32_t first, count, counted;
            } taps;

            static int32_t taps_before(int32_t end, int32_t start, int32_t size, int32_t dilation) {
                int32_t taps = (end - start + dilation - 1) / dilation;
                return taps < size ? taps : size;
            }

            static taps taps_at(int32_t start, int32_t size, int32_t dilation, int32_t extent, int32_t after) {
                int32_t skipped = start < 0 ? (dilation - 1 - start) / dilation : 0;
                taps t;
                t.first = start + skipped * dilation;
                t.count = taps_before(extent, start, size, dilation) - skipped;
                t.counted = taps_before(extent + after, start, size, dilation);
                return t;
            }

            static taps rows_at(window g, int32_t y) {
                return taps_at(y * g.stride_height - g.padding_top, g.window_height, g.dilation_height, g.height,
                               g.padding_bottom);
            }

            static taps columns_at(window g, int32_t x) {
                return taps_at(x * g.stride_width - g.padding_left, g.window_width, g.dilation_width, g.width,
                               g.padding_right);
            }

            """
        case .tap:
            """
            static uint8_t tap_at(window g, const uint8_t *x, int32_t row, int32_t column, int32_t channel) {
                return x[(row * g.width + column) * g.channels + channel];
            }

            """
        case .maxPool:
            """
            static void pool_maximum(window g, const uint8_t *x, uint8_t *y) {
                for (int32_t oy = 0; oy < g.output_height; oy++) {
                    for (int32_t ox = 0; ox < g.output_width; ox++) {
                        taps rows = rows_at(g, oy), columns = columns_at(g, ox);
                        for (int32_t c = 0; c < g.channels; c++) {
                            uint8_t greatest = 0;
                            for (int32_t r = 0, row = rows.first; r < rows.count; r++, row += g.dilation_height) {
                                for (int32_t i = 0; i < columns.count; i++) {
                                    uint8_t value = tap_at(g, x, row, columns.first + i * g.dilation_width, c);
                                    greatest = value > greatest ? value : greatest;
                                }
                            }
                            *y++ = greatest;
                        }
                    }
                }
            }

            """
        case .averagePool:
            """
            static void pool_average(window g, int counts_padding, int32_t input_zero, float multiplier, int32_t zero,
                                     const uint8_t *x, uint8_t *y) {
                for (int32_t oy = 0; oy < g.output_height; oy++) {
                    for (int32_t ox = 0; ox < g.output_width; ox++) {
                        taps rows = rows_at(g, oy), columns = columns_at(g, ox);
                        int32_t pixels = rows.count * columns.count;
                        float factor = multiplier / (float)(counts_padding ? rows.counted * columns.counted : pixels);
                        for (int32_t c = 0; c < g.channels; c++) {
                            int32_t sum = 0;
                            for (int32_t r = 0, row = rows.first; r < rows.count; r++, row += g.dilation_height) {
                                for (int32_t i = 0; i < columns.count; i++) {
                                    sum += tap_at(g, x, row, columns.first + i * g.dilation_width, c);
                                }
                            }
                            *y++ = requantized((float)(sum - pixels * input_zero) * factor, zero, 0);
                        }
                    }
                }
            }

            """
        case .poolNumbers:
            """
            static void pool_numbers(window g, int greatest, int counts_padding, numbers x, results z) {
                int32_t place = 0;
                for (int32_t oy = 0; oy < g.output_height; oy++) {
                    for (int32_t ox = 0; ox < g.output_width; ox++) {
                        taps rows = rows_at(g, oy), columns = columns_at(g, ox);
                        int32_t pixels = counts_padding ? rows.counted * columns.counted : rows.count * columns.count;
                        for (int32_t c = 0; c < g.channels; c++, place++) {
                            float total = greatest ? -INFINITY : 0.0f;
                            for (int32_t r = 0, row = rows.first; r < rows.count; r++, row += g.dilation_height) {
                                for (int32_t i = 0, column = columns.first; i < columns.count; i++) {
                                    float value = number(x, (row * g.width + column) * g.channels + c);
                                    total = !greatest ? total + value : value > total ? value : total;
                                    column += g.dilation_width;
                                }
                            }
                            give(z, place, greatest ? total : total / (float)pixels);
                        }
                    }
                }
            }

            """
        default: ""
        }
    }
}

extension CKernelText {
    /// The kernels in float32: what they read and write is float32 or bytes with a scale, so that nothing is copied at
    /// the borders to the integer part.
    var floatText: String {
        switch self {
        case .numbers:
            """
            /* What is read: floats, or where there are none, what bytes stand for. */
            typedef struct {
                const uint8_t *bytes;
                const float *floats;
                float scale;
                int32_t zero;
            } numbers;

            static float number(numbers x, int32_t i) {
                return x.floats ? x.floats[i] : x.scale * (float)(x.bytes[i] - x.zero);
            }

            """
        case .results:
            """
            /* What is written: floats, or where there are none, bytes. */
            typedef struct {
                uint8_t *bytes;
                float *floats;
                float scale;
                int32_t zero, relu;
            } results;

            static void give(results y, int32_t i, float value) {
                if (y.relu && value < 0.0f) value = 0.0f;
                if (y.floats) {
                    y.floats[i] = value;
                } else {
                    y.bytes[i] = requantized(value / y.scale, y.zero, 0);
                }
            }

            """
        case .apply:
            """
            static void apply(numbers x, int32_t count, float (*function)(float), results y) {
                for (int32_t i = 0; i < count; i++) give(y, i, function(number(x, i)));
            }

            """
        case .combine:
            """
            static void combine(numbers x, walk x_places, numbers y, walk y_places, int32_t count,
                                float (*function)(float, float), results z) {
                for (int32_t i = 0; i < count; i++) {
                    give(z, i, function(number(x, place_in(x_places, i)), number(y, place_in(y_places, i))));
                }
            }

            """
        case .arrangeNumbers:
            """
            static void arrange_numbers(numbers x, walk places, int32_t count, results y) {
                for (int32_t i = 0; i < count; i++) give(y, i, number(x, place_in(places, i)));
            }

            """
        case .frameNumbers:
            """
            static void frame_numbers(numbers x, walk places, int32_t count, float border, results y, int32_t all) {
                for (int32_t i = 0; i < all; i++) give(y, i, border);
                for (int32_t i = 0; i < count; i++) give(y, place_in(places, i), number(x, i));
            }

            """
        case .placeNumbers:
            """
            /* Rows of one part of a concatenation, in the whole's steps. */
            static void place_numbers(numbers x, int32_t rows, int32_t length, results y, int32_t start,
                                      int32_t stride) {
                for (int32_t row = 0; row < rows; row++) {
                    for (int32_t i = 0; i < length; i++) give(y, start + row * stride + i, number(x, row * length + i));
                }
            }

            """
        case .multiplyMatrices:
            """
            /* Products of pairs of matrices, whose first elements are given. */
            static void multiply_matrices(numbers x, walk x_places, numbers y, walk y_places, int32_t pairs,
                                          int32_t rows, int32_t inner, int32_t columns, results z) {
                int32_t place = 0;
                for (int32_t pair = 0; pair < pairs; pair++) {
                    int32_t left = place_in(x_places, pair), right = place_in(y_places, pair);
                    for (int32_t row = 0; row < rows; row++, left += inner) {
                        for (int32_t column = 0; column < columns; column++, place++) {
                            float sum = 0.0f;
                            for (int32_t i = 0; i < inner; i++) {
                                sum += number(x, left + i) * number(y, right + i * columns + column);
                            }
                            give(z, place, sum);
                        }
                    }
                }
            }

            """
        case .exponentials:
            """
            /* The greatest number of a row, and the sum of the exponentials of all less it. */
            typedef struct {
                float greatest, sum;
            } exponentials;

            static exponentials exponentials_of(numbers x, int32_t start, int32_t length) {
                exponentials e;
                e.greatest = number(x, start);
                for (int32_t i = 1; i < length; i++) {
                    float value = number(x, start + i);
                    e.greatest = value > e.greatest ? value : e.greatest;
                }
                e.sum = 0.0f;
                for (int32_t i = 0; i < length; i++) e.sum += expf(number(x, start + i) - e.greatest);
                return e;
            }

            """
        case .softmax:
            """
            static void softmax(numbers x, int32_t rows, int32_t length, results y) {
                for (int32_t start = 0; start < rows * length; start += length) {
                    exponentials e = exponentials_of(x, start, length);
                    for (int32_t i = start; i < start + length; i++) {
                        give(y, i, expf(number(x, i) - e.greatest) / e.sum);
                    }
                }
            }

            """
        case .logSoftmax:
            """
            static void log_softmax(numbers x, int32_t rows, int32_t length, results y) {
                for (int32_t start = 0; start < rows * length; start += length) {
                    exponentials e = exponentials_of(x, start, length);
                    float logarithm = logf(e.sum);
                    for (int32_t i = start; i < start + length; i++) give(y, i, number(x, i) - e.greatest - logarithm);
                }
            }

            """
        default: floatLayerText
        }
    }

    /// Kernels with weights and windows.
    private var floatLayerText: String {
        switch self {
        case .normalizeRows:
            """
            /* Each row by its own mean, unless that stays, and mean square; a shift of no numbers is none. */
            static void normalize_rows(numbers x, int32_t rows, int32_t length, numbers scale, numbers shift,
                                       float epsilon, int centered, results y) {
                for (int32_t start = 0; start < rows * length; start += length) {
                    double sum = 0, squares = 0;
                    for (int32_t i = 0; centered && i < length; i++) sum += (double)number(x, start + i);
                    float mean = (float)(sum / length);
                    for (int32_t i = 0; i < length; i++) {
                        float rest = number(x, start + i) - mean;
                        squares += (double)(rest * rest);
                    }
                    float inverse = (float)(1 / sqrt(squares / length + (double)epsilon));
                    for (int32_t i = 0; i < length; i++) {
                        float value = (number(x, start + i) - mean) * inverse * number(scale, i);
                        if (shift.floats || shift.bytes) value = value + number(shift, i);
                        give(y, start + i, value);
                    }
                }
            }

            """
        case .normalizeGroups:
            """
            /* Each group of channels over all pixels by its own mean and mean square. */
            static void normalize_groups(numbers x, int32_t pixels, int32_t channels, int32_t group, numbers scale,
                                         numbers shift, float epsilon, results y) {
                for (int32_t first = 0; first < channels; first += group) {
                    double sum = 0, squares = 0, count = (double)pixels * group;
                    for (int32_t i = 0; i < pixels; i++) {
                        for (int32_t c = first; c < first + group; c++) sum += (double)number(x, i * channels + c);
                    }
                    float mean = (float)(sum / count);
                    for (int32_t i = 0; i < pixels; i++) {
                        for (int32_t c = first; c < first + group; c++) {
                            float rest = number(x, i * channels + c) - mean;
                            squares += (double)(rest * rest);
                        }
                    }
                    float inverse = (float)(1 / sqrt(squares / count + (double)epsilon));
                    for (int32_t i = 0; i < pixels; i++) {
                        for (int32_t c = first; c < first + group; c++) {
                            float value = (number(x, i * channels + c) - mean) * inverse;
                            give(y, i * channels + c, value * number(scale, c) + number(shift, c));
                        }
                    }
                }
            }

            """
        case .reduce:
            """
            /* The greatest, or the sum times a factor, over some places for each of others. */
            static void reduce(numbers x, walk kept, int32_t count, walk over, int32_t terms, int greatest,
                               float factor, results y) {
                for (int32_t i = 0; i < count; i++) {
                    int32_t from = place_in(kept, i);
                    double total = (double)number(x, from);
                    for (int32_t term = 1; term < terms; term++) {
                        double value = (double)number(x, from + place_in(over, term));
                        total = !greatest ? total + value : value > total ? value : total;
                    }
                    give(y, i, greatest ? (float)total : (float)total * factor);
                }
            }

            """
        case .convolveNumbers:
            """
            /* A residual of no numbers is none. */
            static void convolve_numbers(layer l, const float *weights, const float *bias, numbers x, numbers residual,
                                         results z) {
                int32_t inputs = l.channels / l.groups, outputs = l.output_channels / l.groups, place = 0;
                for (int32_t oy = 0; oy < l.output_height; oy++) {
                    for (int32_t ox = 0; ox < l.output_width; ox++) {
                        for (int32_t o = 0; o < l.output_channels; o++, place++) {
                            float sum = 0.0f;
                            for (int32_t ky = 0; ky < l.kernel_height; ky++) {
                                int32_t y = oy * l.stride_height - l.padding_top + ky * l.dilation_height;
                                if (y < 0 || y >= l.height) continue;
                                for (int32_t kx = 0; kx < l.kernel_width; kx++) {
                                    int32_t column = ox * l.stride_width - l.padding_left + kx * l.dilation_width;
                                    if (column < 0 || column >= l.width) continue;
                                    int32_t pixel = (y * l.width + column) * l.channels + o / outputs * inputs;
                                    int32_t tap = (ky * l.kernel_width + kx) * inputs * l.output_channels + o;
                                    for (int32_t c = 0; c < inputs; c++, tap += l.output_channels) {
                                        sum += number(x, pixel + c) * weights[tap];
                                    }
                                }
                            }
                            sum = sum + bias[o];
                            if (residual.floats || residual.bytes) sum = sum + number(residual, place);
                            give(z, place, sum);
                        }
                    }
                }
            }

            """
        default: ""
        }
    }
}

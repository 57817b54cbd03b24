/// The kernels of an exported network: the arithmetic of TensorCore's integer kernels, one loop each.
enum CKernelText: String {
    case quantize, dequantize, convolve, maxPool = "pool_maximum", averagePool = "pool_average", add, multiply, map,
        place, arrange, frame
    case window, tap, requantized, layer, walk
    // In float32, of which what they read and write may be the bytes.
    case apply, combine, softmax, reduce
    case arrangeNumbers = "arrange_numbers"
    case frameNumbers = "frame_numbers"
    case placeNumbers = "place_numbers"
    case multiplyMatrices = "multiply_matrices"
    case logSoftmax = "log_softmax"
    case normalizeRows = "normalize_rows"
    case normalizeGroups = "normalize_groups"
    case convolveNumbers = "convolve_numbers"
    case poolNumbers = "pool_numbers"
    case numbers, results, exponentials

    /// Others that it calls or reads.
    var requires: [CKernelText] {
        switch self {
        case .quantize, .add, .multiply: [.requantized]
        case .convolve: [.requantized, .layer]
        case .averagePool: [.requantized, .window, .tap]
        case .maxPool: [.window, .tap]
        case .arrange, .frame: [.walk]
        case .results: [.requantized]
        case .exponentials: [.numbers]
        case .apply, .placeNumbers, .normalizeRows, .normalizeGroups: [.numbers, .results]
        case .softmax, .logSoftmax: [.numbers, .results, .exponentials]
        case .combine, .arrangeNumbers, .frameNumbers, .multiplyMatrices, .reduce: [.numbers, .results, .walk]
        case .convolveNumbers: [.numbers, .results, .layer]
        case .poolNumbers: [.numbers, .results, .window]
        case .dequantize, .map, .place, .window, .tap, .requantized, .layer, .walk, .numbers: []
        }
    }

    /// It with all that it stands on, which comes first.
    var withRequired: [CKernelText] { requires.flatMap(\.withRequired) + [self] }

    /// What all of them stand on.
    static let common = """
        #include <float.h>
        #include <stdint.h>

        #if FLT_RADIX != 2 || FLT_MANT_DIG != 24 || (FLT_EVAL_METHOD != 0 && FLT_EVAL_METHOD != 16)
        #error "float is to be IEEE single precision, and computed in no other"
        #endif
        #if defined(__FAST_MATH__) || defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__)
        #error "compile without -ffast-math, -Ofast and their parts: results would not be those of the model"
        #endif
        /* A product and a sum in one rounding would give other bits: off here for clang and gcc, whatever their
         * options. Another compiler needs an option that does so. */
        #if defined(__clang__)
        #pragma STDC FP_CONTRACT OFF
        #elif defined(__GNUC__)
        #pragma GCC optimize ("fp-contract=off")
        #endif

        """

    var text: String {
        switch self {
        case .requantized:
            """
            /* Clamped, rounded half to even, moved by the zero point. The clamp also takes NaN to the lowest byte. */
            static uint8_t requantized(float value, int32_t zero, int relu) {
                float low = relu ? 0.0f : (float)-zero, high = (float)(255 - zero);
                value = value > low ? value : low;
                value = value < high ? value : high;
                int32_t whole = (int32_t)value;
                float rest = value - (float)whole;
                if (rest > 0.5f || (rest == 0.5f && (whole & 1))) whole++;
                if (rest < -0.5f || (rest == -0.5f && (whole & 1))) whole--;
                return (uint8_t)(whole + zero);
            }

            """
        case .quantize:
            """
            static void quantize(const float *x, int32_t count, float scale, int32_t zero, uint8_t *y) {
                for (int32_t i = 0; i < count; i++) y[i] = requantized(x[i] / scale, zero, 0);
            }

            """
        case .dequantize:
            """
            static void dequantize(const uint8_t *x, int32_t count, float scale, int32_t zero, float *y) {
                for (int32_t i = 0; i < count; i++) y[i] = scale * (float)(x[i] - zero);
            }

            """
        case .convolve:
            """
            /* To bytes, or where there are none to floats. Padding is the zero point, which adds nothing. */
            static void convolve(layer l, const int8_t *weights, const int32_t *bias, const float *multipliers,
                                 const uint8_t *x, const uint8_t *residual, uint8_t *bytes, float *floats) {
                int32_t inputs = l.channels / l.groups, outputs = l.output_channels / l.groups, place = 0;
                for (int32_t oy = 0; oy < l.output_height; oy++) {
                    for (int32_t ox = 0; ox < l.output_width; ox++) {
                        for (int32_t o = 0; o < l.output_channels; o++, place++) {
                            int32_t sum = bias[o];
                            for (int32_t ky = 0; ky < l.kernel_height; ky++) {
                                int32_t y = oy * l.stride_height - l.padding_top + ky * l.dilation_height;
                                if (y < 0 || y >= l.height) continue;
                                for (int32_t kx = 0; kx < l.kernel_width; kx++) {
                                    int32_t column = ox * l.stride_width - l.padding_left + kx * l.dilation_width;
                                    if (column < 0 || column >= l.width) continue;
                                    const uint8_t *pixel = x + (y * l.width + column) * l.channels + o / outputs * inputs;
                                    const int8_t *tap = weights + (ky * l.kernel_width + kx) * inputs * l.output_channels + o;
                                    for (int32_t c = 0; c < inputs; c++, tap += l.output_channels) {
                                        sum += (pixel[c] - l.input_zero) * *tap;
                                    }
                                }
                            }
                            float value = (float)sum * multipliers[o];
                            if (residual) {
                                float other = (float)(residual[place] - l.residual_zero) * l.residual_multiplier;
                                value = value + other;
                            }
                            if (bytes) {
                                bytes[place] = requantized(value, l.output_zero, l.relu);
                            } else {
                                floats[place] = value;
                            }
                        }
                    }
                }
            }

            """
        case .layer:
            """
            typedef struct {
                int32_t height, width, channels, kernel_height, kernel_width, output_height, output_width, output_channels;
                int32_t stride_height, stride_width, padding_top, padding_left, dilation_height, dilation_width, groups;
                int32_t input_zero, output_zero, residual_zero, relu;
                float residual_multiplier;
            } layer;

            """
        case .window, .tap, .maxPool, .averagePool, .poolNumbers: windowText
        case .add:
            Self.pairs(
                "add", "float x_multiplier, float y_multiplier, int32_t zero, int relu",
                ["float a = (float)(*x - x_zero) * x_multiplier, b = (float)(row[i] - y_zero) * y_multiplier;"],
                "requantized(a + b, zero, relu)")
        case .multiply:
            Self.pairs(
                "multiply", "float multiplier, int32_t zero", [],
                "requantized((float)((*x - x_zero) * (row[i] - y_zero)) * multiplier, zero, 0)")
        case .map:
            """
            static void map(const uint8_t *x, int32_t count, const uint8_t *table, uint8_t *y) {
                for (int32_t i = 0; i < count; i++) y[i] = table[x[i]];
            }

            """
        case .walk:
            """
            /* Axes of a result, the last fastest, and the step of what is read along each; with lists, of what each
             * place of an axis adds, where those of the axis begin. */
            typedef struct {
                int32_t start, axes, extents[8], steps[8];
                const int32_t *lists;
            } walk;

            static int32_t place_in(walk w, int32_t i) {
                int32_t place = w.start;
                for (int32_t axis = w.axes - 1; axis >= 0; axis--) {
                    int32_t own = i % w.extents[axis];
                    place += w.lists ? w.lists[w.steps[axis] + own] : own * w.steps[axis];
                    i /= w.extents[axis];
                }
                return place;
            }

            """
        case .arrange:
            """
            static void arrange(const uint8_t *x, walk w, int32_t count, uint8_t *y) {
                for (int32_t i = 0; i < count; i++) y[i] = x[place_in(w, i)];
            }

            """
        case .frame:
            """
            /* Within a border. */
            static void frame(const uint8_t *x, walk w, int32_t count, uint8_t border, uint8_t *y, int32_t all) {
                for (int32_t i = 0; i < all; i++) y[i] = border;
                for (int32_t i = 0; i < count; i++) y[place_in(w, i)] = x[i];
            }

            """
        case .place:
            """
            /* Rows of one part of a concatenation, in the whole's steps. */
            static void place(const uint8_t *x, int32_t rows, int32_t length, const uint8_t *table, uint8_t *y,
                              int32_t stride) {
                for (int32_t row = 0; row < rows; row++) {
                    for (int32_t i = 0; i < length; i++) y[row * stride + i] = table[x[row * length + i]];
                }
            }

            """
        default: floatText
        }
    }

    /// A loop over two operands.
    ///
    /// - Parameters:
    ///   - parameters: beyond the operands, their zero points and the result.
    ///   - statements: before the result's value.
    private static func pairs(_ name: String, _ parameters: String, _ statements: [String], _ value: String) -> String {
        let body = (statements + ["*out++ = \(value);"]).joined(separator: "\n            ")
        return """
            /* Each of y's rows goes with `repeats` rows of x. */
            static void \(name)(const uint8_t *x, const uint8_t *y, int32_t rows, int32_t repeats, int32_t length,
                            int32_t x_zero, int32_t y_zero, \(parameters), uint8_t *out) {
                for (int32_t turn = 0; turn < rows * repeats; turn++) {
                    const uint8_t *row = y + turn / repeats * length;
                    for (int32_t i = 0; i < length; i++, x++) {
                        \(body)
                    }
                }
            }

            """
    }
}

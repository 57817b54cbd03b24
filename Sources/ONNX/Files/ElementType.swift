/// The type of a tensor's elements, with its number in ONNX files (`TensorProto.DataType`).
public enum ElementType: Int, Sendable, Hashable, CaseIterable {
    case float32 = 1
    case uint8 = 2
    case int8 = 3
    case uint16 = 4
    case int16 = 5
    case int32 = 6
    case int64 = 7
    case string = 8
    case bool = 9
    case float16 = 10
    case float64 = 11
    case uint32 = 12
    case uint64 = 13
    case bfloat16 = 16
}

extension ElementType: CustomStringConvertible {
    public var description: String {
        switch self {
        case .float32: "float32"
        case .uint8: "uint8"
        case .int8: "int8"
        case .uint16: "uint16"
        case .int16: "int16"
        case .int32: "int32"
        case .int64: "int64"
        case .string: "string"
        case .bool: "bool"
        case .float16: "float16"
        case .float64: "float64"
        case .uint32: "uint32"
        case .uint64: "uint64"
        case .bfloat16: "bfloat16"
        }
    }

    /// Whether elements are floating-point numbers. All of them are computed in float32.
    public var isFloat: Bool {
        switch self {
        case .float32, .float16, .float64, .bfloat16: true
        default: false
        }
    }

    /// The numbers that an integer type holds, those of 64 bits as `Int` has them; nil for other types.
    var integerRange: ClosedRange<Int>? {
        switch self {
        case .uint8: 0...255
        case .int8: -128...127
        case .uint16: 0...65535
        case .int16: -32768...32767
        case .int32: Int(Int32.min)...Int(Int32.max)
        case .uint32: 0...Int(UInt32.max)
        case .int64, .uint64: Int.min...Int.max
        case .bool: 0...1
        default: nil
        }
    }

    /// A number as an integer type stores it: bits above its width are lost, as in C.
    func wrapped(_ value: Int) -> Int {
        switch self {
        case .uint8: Int(UInt8(truncatingIfNeeded: value))
        case .int8: Int(Int8(truncatingIfNeeded: value))
        case .uint16: Int(UInt16(truncatingIfNeeded: value))
        case .int16: Int(Int16(truncatingIfNeeded: value))
        case .int32: Int(Int32(truncatingIfNeeded: value))
        case .uint32: Int(UInt32(truncatingIfNeeded: value))
        case .bool: value == 0 ? 0 : 1
        default: value
        }
    }

    /// Bytes of one element in a file; nil for strings, which have no fixed size.
    var byteCount: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .float32, .int32, .uint32: 4
        case .float64, .int64, .uint64: 8
        case .string: nil
        }
    }
}

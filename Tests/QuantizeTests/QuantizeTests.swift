import Testing

@testable import Quantize

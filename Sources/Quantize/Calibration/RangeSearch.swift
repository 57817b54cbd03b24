import Foundation
import TensorCore

// Ranges that cut off outliers as far as it pays, found on a histogram.
extension Histogram {
    /// Steps of the grid at each end, from nothing cut to all but one step.
    private static let steps = 64

    /// The range of least cost on a grid: the upper end first, then the lower, and both once more.
    ///
    /// Every candidate covers two bins a byte at least: with fewer the histogram would look as coarse as the bytes.
    ///
    /// - Parameter bins: all that hold something, or what a cost sees in their place.
    func range(minimizing cost: ([Bin], ClosedRange<Float>) -> Double, of bins: [Bin]) -> ClosedRange<Float> {
        let whole = range(cutting: 0)
        guard bins.count > 1 else { return whole }
        var (best, least) = (whole, cost(bins, whole))
        func consider(_ candidate: ClosedRange<Float>) {
            guard candidate != best, candidate.upperBound - candidate.lowerBound >= 512 * binWidth else { return }
            let cost = cost(bins, candidate)
            if cost < least { (best, least) = (candidate, cost) }
        }
        for _ in 0..<2 {
            for step in 1..<Self.steps where whole.upperBound > 0 {
                consider(best.lowerBound...whole.upperBound * Float(step) / Float(Self.steps))
            }
            for step in 1..<Self.steps where whole.lowerBound < 0 {
                consider(whole.lowerBound * Float(step) / Float(Self.steps)...best.upperBound)
            }
        }
        return best
    }

    /// Σ (value − what its byte stands for)², each bin's values at its middle.
    func squaredError(_ bins: [Bin], _ range: ClosedRange<Float>) -> Double {
        let quantization = AffineQuantization(covering: range)
        return bins.reduce(0) { sum, bin in
            let error = Double(bin.middle) - Double(quantization.scale) * quantization.steps(bin.middle)
            return sum + error * error * Double(bin.count)
        }
    }

    /// The bins that hold something, that of 0 with its neighbour's count: a ReLU makes more zeros than all else, every
    /// quantisation keeps them exactly, and spread over their byte's bins they would drown the rest.
    var binsWithoutZeros: [Bin] {
        var bins = filledBins
        guard let zero = bins.firstIndex(where: { $0.middle > 0 }), bins[zero].middle < binWidth, zero + 1 < bins.count
        else { return bins }
        bins[zero] = Bin(middle: bins[zero].middle, count: bins[zero + 1].count)
        return bins
    }

    /// KL(P ‖ Q): P is the values' distribution with what is cut off at the ends, Q that of the bytes, each spread
    /// evenly over the bins that it stands for and that hold something.
    func divergence(_ bins: [Bin], _ range: ClosedRange<Float>) -> Double {
        let quantization = AffineQuantization(covering: range)
        let inside = bins.filter { range.contains($0.middle) }
        guard let first = inside.first, let last = inside.last else { return .infinity }
        var mass = [Double](repeating: 0, count: 256)
        var filled = [Double](repeating: 0, count: 256)
        let bytes = inside.map { Int(quantization.steps($0.middle)) + Int(quantization.zeroPoint) }
        for (bin, byte) in zip(inside, bytes) {
            mass[byte] += Double(bin.count)
            filled[byte] += 1
        }
        var p = inside.map { Double($0.count) }
        for bin in bins {
            if bin.middle < first.middle { p[0] += Double(bin.count) }
            if bin.middle > last.middle { p[p.count - 1] += Double(bin.count) }
        }
        let (all, kept) = (p.reduce(0, +), mass.reduce(0, +))
        return zip(p, bytes).reduce(0) { sum, pair in
            let (p, q) = (pair.0 / all, mass[pair.1] / filled[pair.1] / kept)
            return sum + p * log(p / q)
        }
    }
}

extension AffineQuantization {
    /// round(x / scale), saturated: the byte less the zero point.
    fileprivate func steps(_ x: Float) -> Double {
        let zero = Double(zeroPoint)
        return min(max((Double(x) / Double(scale)).rounded(.toNearestOrEven), -zero), 255 - zero)
    }
}

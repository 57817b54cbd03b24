import Foundation

/// Lines over epochs as an SVG picture, coloured by the style sheet of a ``ReportPage``.
public struct LineChart {
    /// A named line.
    public struct Series {
        /// What the legend calls the line.
        public let name: String
        /// The number of the line's colour in the style sheet, 0 to 9.
        public let colour: Int
        /// One value for each epoch; values that are not finite are left out.
        public let values: [Double]

        /// Creates a line.
        public init(name: String, colour: Int, values: [Double]) {
            self.name = name
            self.colour = colour
            self.values = values
        }
    }

    /// What stands above the picture.
    public let title: String
    /// What the vertical axis counts.
    public let unit: String
    /// The lines, in the order of the legend.
    public let series: [Series]
    /// Fixed bounds of the vertical axis, at which lines are cut; found from the values where nil.
    public let bounds: ClosedRange<Double>?
    /// Whether the axis counts powers of ten, for losses that fall by orders of magnitude.
    public let isLogarithmic: Bool

    /// Creates a chart.
    public init(
        title: String, unit: String, series: [Series], bounds: ClosedRange<Double>? = nil, isLogarithmic: Bool = false
    ) {
        self.title = title
        self.unit = unit
        self.series = series
        self.bounds = bounds
        self.isLogarithmic = isLogarithmic
    }

    private static let width = 720.0
    private static let height = 280.0
    private static let margin = (left: 52.0, right: 12.0, top: 10.0, bottom: 30.0)

    /// The picture with its caption and legend, as an HTML `figure`.
    public var html: String {
        let ticks = isLogarithmic ? Self.decades(found) : Self.ticks(bounds ?? found)
        let range = (ticks.first ?? 0)...(ticks.last ?? 1)
        let steps = max(series.map(\.values.count).max() ?? 1, 2)
        func x(_ index: Int) -> Double {
            Self.margin.left + Double(index) / Double(steps - 1)
                * (Self.width - Self.margin.left - Self.margin.right)
        }
        func y(_ value: Double) -> Double {
            let (low, high, place) =
                isLogarithmic
                ? (log10(range.lowerBound), log10(range.upperBound), log10(max(value, 1e-12)))
                : (range.lowerBound, range.upperBound, value)
            let share = (place - low) / max(high - low, 1e-12)
            return Self.height - Self.margin.bottom - min(max(share, 0), 1)
                * (Self.height - Self.margin.top - Self.margin.bottom)
        }
        let decimals = Self.decimals(ticks)
        let right = Self.width - Self.margin.right
        let grid = ticks.map { tick in
            "<line class='grid' x1='\(Self.margin.left)' x2='\(right)' y1='\(fixed(y(tick), 1))'"
                + " y2='\(fixed(y(tick), 1))'/><text class='tick' text-anchor='end' x='\(Self.margin.left - 6)'"
                + " y='\(fixed(y(tick) + 4, 1))'>\(fixed(tick, isLogarithmic && tick >= 1 ? 0 : decimals))</text>"
        }.joined()
        let epochs = stride(from: 0, to: steps, by: max(1, (steps + 9) / 10)).map { index in
            "<text class='tick' text-anchor='middle' x='\(fixed(x(index), 1))' y='\(Self.height - 12)'>"
                + "\(index + 1)</text>"
        }.joined()
        let lines = series.map { line in
            let points = line.values.enumerated().filter(\.element.isFinite)
                .map { "\(fixed(x($0.offset), 1)),\(fixed(y($0.element), 1))" }.joined(separator: " ")
            return "<polyline class='line s\(line.colour)' points='\(points)'>"
                + "<title>\(escaped(line.name))</title></polyline>"
        }.joined()
        let legend = series.map { line in
            let last = line.values.last.map { " <b>\(fixed($0, max(decimals, 2)))</b>" } ?? ""
            return "<li><i class='key s\(line.colour)'></i>\(escaped(line.name))\(last)</li>"
        }.joined()
        return """
            <figure><figcaption>\(escaped(title)) \
            <span>\(escaped(unit)), by epoch; last value in the legend</span></figcaption>
            <svg viewBox='0 0 \(Int(Self.width)) \(Int(Self.height))' role='img' \
            aria-label='\(escaped(title))'>\(grid)\(epochs)\(lines)</svg>
            <ul class='legend'>\(legend)</ul></figure>
            """
    }

    private var found: ClosedRange<Double> {
        let values = series.flatMap(\.values).filter(\.isFinite)
        guard let low = values.min(), let high = values.max() else { return 0...1 }
        return Self.range(from: low, to: high)
    }

    /// What an axis shows of values, of which all may be equal: a thousandth of them at least, so that its ticks
    /// differ.
    static func range(from low: Double, to high: Double) -> ClosedRange<Double> {
        let missing = max(0, max(1, abs(low)) * 1e-3 - (high - low)) / 2
        return low - missing...high + missing
    }

    /// Round numbers, about five, that enclose a range.
    public static func ticks(_ range: ClosedRange<Double>) -> [Double] {
        let span = range.upperBound - range.lowerBound
        var step = 1e-9
        while step * 5 < span {
            for factor in [2.0, 2.5, 2.0] where step * 5 < span { step *= factor }
        }
        let first = (range.lowerBound / step).rounded(.down)
        let last = (range.upperBound / step).rounded(.up)
        return stride(from: first, through: last, by: 1).map { $0 * step }
    }

    /// The powers of ten that enclose a range, from 0.001 on.
    private static func decades(_ range: ClosedRange<Double>) -> [Double] {
        let first = log10(max(range.lowerBound, 1e-3)).rounded(.down)
        let last = max(log10(max(range.upperBound, 1e-3)).rounded(.up), first + 1)
        return stride(from: first, through: last, by: 1).map { pow(10, $0) }
    }

    /// How many decimals tell round numbers apart, 4 at most.
    public static func decimals(_ ticks: [Double]) -> Int {
        (0...4).first { places in
            let factor = [1.0, 10, 100, 1000, 10_000][places]
            return ticks.allSatisfy { abs(($0 * factor).rounded() - $0 * factor) < 1e-6 * factor }
        } ?? 4
    }
}

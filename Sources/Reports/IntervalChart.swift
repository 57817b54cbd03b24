import Foundation

/// Means with their intervals as an SVG picture that needs no other file, legible on light and dark ground.
public struct IntervalChart {
    /// A mean at a place on the horizontal axis.
    public struct Point {
        /// The place on the horizontal axis.
        public let x: Double
        /// The place on the vertical axis.
        public let mean: Double
        /// What a bar shows; nil for a point alone.
        public let interval: ClosedRange<Double>?

        /// Creates a point.
        public init(x: Double, mean: Double, interval: ClosedRange<Double>?) {
            self.x = x
            self.mean = mean
            self.interval = interval
        }
    }

    /// Points of one colour.
    public struct Series {
        /// What the legend calls the series.
        public let name: String
        /// The points, from the left.
        public let points: [Point]

        /// Creates a series that the legend calls by a name.
        public init(name: String, points: [Point]) {
            self.name = name
            self.points = points
        }
    }

    let title: String
    let xTitle: String
    let yTitle: String
    let marks: [(x: Double, text: String)]
    let series: [Series]
    let isJoined: Bool
    let isSpread: Bool
    let marksZero: Bool
    let isLogarithmic: Bool

    /// Creates a chart.
    ///
    /// - Parameters:
    ///   - marks: the texts under the horizontal axis and their places on it.
    ///   - isJoined: whether a line goes through the points of a series.
    ///   - isSpread: whether points of several series at one place stand side by side, and not at their exact place.
    ///   - marksZero: whether a line marks 0.
    ///   - isLogarithmic: whether the vertical axis is logarithmic, for values above 0.
    public init(
        title: String, xTitle: String, yTitle: String, marks: [(x: Double, text: String)], series: [Series],
        isJoined: Bool = true, isSpread: Bool = true, marksZero: Bool = false, isLogarithmic: Bool = false
    ) {
        self.title = title
        self.xTitle = xTitle
        self.yTitle = yTitle
        self.marks = marks
        self.series = series
        self.isJoined = isJoined
        self.isSpread = isSpread
        self.marksZero = marksZero
        self.isLogarithmic = isLogarithmic
    }

    private static let width = 760.0
    private static let plotHeight = 320.0
    private static let margin = (left: 70.0, right: 24.0, top: 46.0, bottom: 58.0)
    private static let legendLine = 21.0

    /// The picture as SVG, a file of its own.
    public var svg: String {
        let bottom = Self.margin.top + Self.plotHeight
        let height = bottom + Self.margin.bottom + Self.legendLine * Double((series.count + columns - 1) / columns) + 8
        let ticks = yTicks
        let decimals = LineChart.decimals(ticks)
        let right = Self.width - Self.margin.right
        let grid = ticks.map { tick in
            let place = fixed(y(tick, ticks), 1)
            let isZero = marksZero && abs(tick) < 1e-9
            return "<line class='\(isZero ? "zero" : "grid")' x1='\(Self.margin.left)' x2='\(right)'"
                + " y1='\(place)' y2='\(place)'/><text class='tick' text-anchor='end'"
                + " x='\(Self.margin.left - 8)' y='\(fixed(y(tick, ticks) + 4.5, 1))'>"
                + "\(isLogarithmic ? shortest(tick) : fixed(tick, decimals))</text>"
        }
        // Where texts would run into one another, every other one stands a line lower.
        let longest = Double(marks.map(\.text.count).max() ?? 0) * 7.5
        let isCrowded = longest * Double(marks.count) > right - Self.margin.left
        let labels = marks.enumerated().map { index, mark in
            let line = bottom + (isCrowded && index % 2 == 1 ? 32 : 18)
            return "<text class='tick' text-anchor='middle' x='\(fixed(x(mark.x), 1))' y='\(line)'>"
                + "\(escaped(mark.text))</text>"
        }
        let middle = (Self.margin.left + right) / 2
        let axes = """
            <text class='title' x='\(Self.margin.left)' y='24'>\(escaped(title))</text>
            <text class='axis' text-anchor='middle' x='\(middle)' y='\(bottom + 50)'>\(escaped(xTitle))</text>
            <text class='axis' text-anchor='middle' \
            transform='translate(18 \(Self.margin.top + Self.plotHeight / 2)) rotate(-90)'>\(escaped(yTitle))</text>
            """
        let drawn = series.indices.map { drawing(of: $0, ticks) }
        let legend = series.indices.map { index in
            let left = Self.margin.left + (index % columns == 0 ? 0 : (right - Self.margin.left) / 2)
            let top = bottom + Self.margin.bottom + Self.legendLine * Double(index / columns) + 12
            return "<circle class='dot s\(index % 10)' cx='\(left + 5)' cy='\(top - 4.5)' r='4.5'/>"
                + "<text class='name' x='\(left + 16)' y='\(top)'>\(escaped(series[index].name))</text>"
        }
        return """
            <svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 \(Int(Self.width)) \(Int(height))' role='img' \
            aria-label='\(escaped(title))'>
            <style>\(Self.style)</style>
            <rect class='paper' width='100%' height='100%'/>
            \((grid + labels + [axes] + drawn + legend).joined(separator: "\n"))
            </svg>

            """
    }

    /// The columns of the legend.
    private var columns: Int { series.allSatisfy { $0.name.count < 44 } ? 2 : 1 }

    /// One series: its line, and bars and dots beside those of the others.
    private func drawing(of index: Int, _ ticks: [Double]) -> String {
        let shift =
            !isSpread ? 0 : (Double(index) - Double(series.count - 1) / 2) * min(9, 54 / Double(max(series.count, 1)))
        let points = series[index].points.map { (x: fixed(x($0.x) + shift, 1), point: $0) }
        let line = points.map { "\($0.x),\(fixed(y($0.point.mean, ticks), 1))" }.joined(separator: " ")
        let path = isJoined && points.count > 1 ? "<polyline class='line s\(index % 10)' points='\(line)'/>" : ""
        let marks = points.map { x, point in
            let bar = point.interval.map { interval in
                let (low, high) = (fixed(y(interval.lowerBound, ticks), 1), fixed(y(interval.upperBound, ticks), 1))
                return
                    "<path class='bar s\(index % 10)' d='M\(x) \(low)V\(high)M\(x) \(low)m-4 0h8M\(x) \(high)m-4 0h8'/>"
            }
            let text = point.interval.map {
                "\(fixed(point.mean, 2)) (\(fixed($0.lowerBound, 2)) to \(fixed($0.upperBound, 2)))"
            }
            return (bar ?? "")
                + "<circle class='dot s\(index % 10)' cx='\(x)' cy='\(fixed(y(point.mean, ticks), 1))' r='4.5'>"
                + "<title>\(escaped(series[index].name)): \(text ?? fixed(point.mean, 2))</title></circle>"
        }
        return path + marks.joined()
    }

    private func x(_ value: Double) -> Double {
        let places = marks.map(\.x)
        let (low, high) = (places.min() ?? 0, places.max() ?? 1)
        let span = Self.width - Self.margin.left - Self.margin.right
        // Half a step of room on both sides.
        let room = span / Double(max(places.count, 1)) / 2
        return high > low
            ? Self.margin.left + room + (value - low) / (high - low) * (span - 2 * room) : Self.margin.left + span / 2
    }

    private func y(_ value: Double, _ ticks: [Double]) -> Double {
        func place(_ value: Double) -> Double { isLogarithmic ? log10(max(value, 1e-9)) : value }
        let (low, high) = (place(ticks.first ?? 0), place(ticks.last ?? 1))
        let share = min(max((place(value) - low) / max(high - low, 1e-12), 0), 1)
        return Self.margin.top + (1 - share) * Self.plotHeight
    }

    private var yTicks: [Double] {
        var values: [Double] = marksZero ? [0] : []
        for point in series.flatMap(\.points) {
            values.append(point.mean)
            if let interval = point.interval { values += [interval.lowerBound, interval.upperBound] }
        }
        values.removeAll { !$0.isFinite }
        guard let low = values.min(), let high = values.max() else { return [0, 1] }
        guard isLogarithmic else { return LineChart.ticks(LineChart.range(from: low, to: high)) }
        // 1, 2, 5, 10, 20 … from the last below the values to the first above them; an interval may reach below 0.
        let least = series.flatMap(\.points).map(\.mean).min() ?? 1
        let steps = (-3...4).flatMap { power in [1.0, 2, 5].map { $0 * pow(10, Double(power)) } }
        let first = steps.last { $0 <= max(low, least / 2) } ?? steps[0]
        return steps.filter { $0 >= first && $0 <= (steps.first { $0 >= high } ?? high) }
    }

    private static let style = """
        \(ReportPage.palette)
        text { font: 13.5px system-ui, -apple-system, 'Segoe UI', sans-serif; fill:var(--ink) }
        .paper { fill:var(--paper) }
        .title { font-size:15.5px; font-weight:600 } .tick { fill:var(--soft); font-variant-numeric:tabular-nums }
        .grid { stroke:var(--rule) } .zero { stroke:var(--soft); stroke-width:1.6 }
        .line { fill:none; stroke-width:1.6; opacity:.7 } .bar { fill:none; stroke-width:1.8 } .dot { stroke:none }
        \((0..<10).map { ".s\($0){stroke:var(--c\($0))} .dot.s\($0){fill:var(--c\($0))}" }.joined(separator: " "))
        """
}

/// What a drawn operation does to the pixels of one image: the few things that all operations come down to.
enum PixelStep {
    /// Moves pixels.
    case warp(Warp)
    /// Changes each value by itself.
    case tone(Tone)
    /// Adds numbers from a normal distribution of this deviation (of values in 0 ... 1), from the stream given.
    case noise(deviation: Double, stream: RandomStream)
    /// Fills a rectangle with a byte.
    case fill(rows: Range<Int>, columns: Range<Int>, byte: UInt8)
    /// Keeps this share of the image, and takes the rest from the row of the batch that the word picks.
    case mix(share: Float, word: UInt32)
}

/// What happens to one image, with neighbouring steps fused, and what is mixed into it afterwards.
struct View {
    /// One run over the pixels.
    enum Pass {
        case warp(Warp)
        case tones([Tone])
        case noise(deviation: Double, stream: RandomStream)
        case fill(rows: Range<Int>, columns: Range<Int>, byte: UInt8)
    }

    private(set) var passes: [Pass] = []
    private(set) var mixes: [(share: Float, word: UInt32)] = []

    /// Fuses what can be: warps to one warp, tones to one list that becomes one table. Warps that change nothing, also
    /// together, vanish.
    init(fusing steps: [PixelStep]) {
        for step in steps {
            switch step {
            case .warp(let warp): append(warp)
            case .tone(let tone): append(tone)
            case .noise(let deviation, let stream): passes.append(.noise(deviation: deviation, stream: stream))
            case .fill(let rows, let columns, let byte):
                passes.append(.fill(rows: rows, columns: columns, byte: byte))
            case .mix(let share, let word): mixes.append((share, word))
            }
        }
    }

    private mutating func append(_ warp: Warp) {
        var warp = warp
        if case .warp(let before) = passes.last, let both = before.followed(by: warp) {
            passes.removeLast()
            warp = both
        }
        if !warp.isIdentity { passes.append(.warp(warp)) }
    }

    private mutating func append(_ tone: Tone) {
        if case .tones(let before) = passes.last {
            passes[passes.count - 1] = .tones(before + [tone])
        } else {
            passes.append(.tones([tone]))
        }
    }
}

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
    /// Changes the colour of each pixel by itself.
    case color(ColorMatrix)
    /// Anything else that changes the image in place.
    case filter(any PixelFilter)
    /// Takes a rectangle from the row of the batch that the word picks.
    case paste(rows: Range<Int>, columns: Range<Int>, word: UInt32)
    /// Moves each pixel by its own vector.
    case displace(Displacement)
}

/// What happens to one image, with neighbouring steps fused, and what is mixed into it afterwards.
struct View {
    /// One run over the pixels.
    enum Pass {
        case warp(Warp)
        case tones([Tone])
        case noise(deviation: Double, stream: RandomStream)
        case fill(rows: Range<Int>, columns: Range<Int>, byte: UInt8)
        case color(ColorMatrix)
        case filter(any PixelFilter)
        case displace(Displacement)
    }

    /// What comes from other rows of the batch.
    enum Mix {
        case blend(share: Float, word: UInt32)
        case paste(rows: Range<Int>, columns: Range<Int>, word: UInt32)
    }

    private(set) var passes: [Pass] = []
    private(set) var mixes: [Mix] = []
    /// Extents of the image where its view has others: then the first pass is a warp from these.
    let source: ImageExtent?

    /// Fuses what can be: warps to one warp, tones to one list that becomes one table, matrices to one. Warps and
    /// matrices that change nothing, also together, vanish.
    init(fusing steps: [PixelStep]) {
        source = nil
        append(steps)
    }

    /// The same where the image is resized first: that goes into the first warp.
    init(fusing steps: [PixelStep], from source: ImageExtent, to extent: ImageExtent) {
        self.source = source == extent ? nil : source
        if source != extent { passes = [.warp(.resizing(from: source, to: extent))] }
        append(steps)
    }

    private mutating func append(_ steps: [PixelStep]) {
        for step in steps {
            switch step {
            case .warp(let warp): append(warp)
            case .tone(let tone): append(tone)
            case .noise(let deviation, let stream): passes.append(.noise(deviation: deviation, stream: stream))
            case .fill(let rows, let columns, let byte):
                passes.append(.fill(rows: rows, columns: columns, byte: byte))
            case .mix(let share, let word): mixes.append(.blend(share: share, word: word))
            case .color(let matrix): append(matrix)
            case .displace(let displacement): passes.append(.displace(displacement))
            case .filter(let filter): passes.append(.filter(filter))
            case .paste(let rows, let columns, let word):
                mixes.append(.paste(rows: rows, columns: columns, word: word))
            }
        }
    }

    private mutating func append(_ warp: Warp) {
        var warp = warp
        if case .warp(let before) = passes.last, let both = before.followed(by: warp) {
            passes.removeLast()
            warp = both
        }
        if !warp.isIdentity || passes.isEmpty && source != nil { passes.append(.warp(warp)) }
    }

    private mutating func append(_ matrix: ColorMatrix) {
        var matrix = matrix
        if case .color(let before) = passes.last, let both = before.followed(by: matrix) {
            passes.removeLast()
            matrix = both
        }
        if !matrix.isIdentity { passes.append(.color(matrix)) }
    }

    private mutating func append(_ tone: Tone) {
        if case .tones(let before) = passes.last {
            passes[passes.count - 1] = .tones(before + [tone])
        } else {
            passes.append(.tones([tone]))
        }
    }
}

/// What happens to one image, with neighbouring changes fused, and what is mixed into it afterwards.
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
    init(fusing changes: [PixelChange]) {
        source = nil
        append(changes)
    }

    /// The same where the image is resized first: that goes into the first warp.
    init(fusing changes: [PixelChange], from source: ImageExtent, to extent: ImageExtent) {
        self.source = source == extent ? nil : source
        if source != extent { passes = [.warp(.resizing(from: source, to: extent))] }
        append(changes)
    }

    private mutating func append(_ changes: [PixelChange]) {
        for change in changes {
            switch change.content {
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
            case .crop(let crop): append(crop.warp(around: []))
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

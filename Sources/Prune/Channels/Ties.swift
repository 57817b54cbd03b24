/// Places on axes, and which of them are tied: union-find with halved paths.
struct Ties {
    private(set) var axes: [(axis: ChannelSets.Axis, first: Int)] = []
    private(set) var extents: [ChannelSets.Axis: Int] = [:]
    private var firsts: [ChannelSets.Axis: Int] = [:]
    private var parents: [Int] = []
    /// For the root of each set whether it must stay.
    private(set) var isPinned: [Bool] = []

    /// Makes an axis known; one that two steps read is the same axis.
    mutating func declare(_ axis: ChannelSets.Axis, _ extent: Int) {
        guard firsts[axis] == nil else { return }
        axes.append((axis, parents.count))
        firsts[axis] = parents.count
        extents[axis] = extent
        parents += parents.count..<parents.count + extent
        isPinned += Array(repeating: false, count: extent)
    }

    mutating func root(_ place: Int) -> Int {
        var place = place
        while parents[place] != place {
            parents[place] = parents[parents[place]]
            place = parents[place]
        }
        return place
    }

    /// Ties two places.
    mutating func tie(_ a: ChannelSets.Axis, _ placeOfA: Int, _ b: ChannelSets.Axis, _ placeOfB: Int) {
        guard let first = firsts[a], let second = firsts[b] else { return }
        let (x, y) = (root(first + placeOfA), root(second + placeOfB))
        parents[max(x, y)] = min(x, y)
        isPinned[min(x, y)] = isPinned[x] || isPinned[y]
    }

    /// Ties each place of an axis to one of another, from an offset on.
    mutating func tie(_ a: ChannelSets.Axis, _ b: ChannelSets.Axis, offset: Int = 0) {
        for place in 0..<(extents[a] ?? 0) { tie(a, place, b, offset + place) }
    }

    /// Every place of an axis stays.
    mutating func pin(_ axis: ChannelSets.Axis) {
        guard let first = firsts[axis] else { return }
        for place in 0..<(extents[axis] ?? 0) { isPinned[root(first + place)] = true }
    }

    /// Makes sure that what is cut from channels along several axes leaves such axes: whole places along one of them
    /// are tied, along the last where none are yet.
    mutating func tieSlabs(_ axis: ChannelSets.Axis, _ extents: [Int]) {
        guard extents.count > 1, let first = firsts[axis] else { return }
        let places = (0..<extents.reduce(1, *)).map { ChannelAxes.places(of: $0, extents) }
        for number in extents.indices {
            var roots: [Int: Int] = [:]
            let isTied = places.indices.allSatisfy { channel in
                let root = root(first + channel)
                defer { roots[places[channel][number]] = root }
                return roots[places[channel][number]].map { $0 == root } ?? true
            }
            if isTied { return }
        }
        for channel in places.indices { tie(axis, channel, axis, places[channel][extents.count - 1]) }
    }
}

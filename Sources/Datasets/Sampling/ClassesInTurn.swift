extension ImageSet {
    /// The first images of all classes in turn, up to a number, sorted by class.
    package func subset(ofClassesInTurn count: Int) -> ImageSet {
        let byClass = placesByClass
        let longest = byClass.map(\.count).max() ?? 0
        let inTurn = (0..<longest).lazy.flatMap { number in
            byClass.indices.lazy.filter { number < byClass[$0].count }.map { (label: $0, place: byClass[$0][number]) }
        }
        return subset(inTurn.prefix(count).sorted { ($0.label, $0.place) < ($1.label, $1.place) }.map(\.place))
    }
}

import Retort

/// The closed loop as the demo and `retort distill` have it.
enum ClosedLoop {
    /// Classes under 97 % on validation data are drawn more often, hard samples get up to 1.3 times the geometry.
    static var controllers: [any DataController] {
        [ClassController(threshold: 0.97), HardnessController(.stronger(upTo: 1.3))]
    }
}

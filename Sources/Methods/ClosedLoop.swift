import Augment
import Datasets

/// The closed loop that the demo, `retort distill` and the experiments use.
public enum ClosedLoop {
    /// Classes under 97 % on validation data are drawn more often, and hard samples get up to 1.3 times the geometry.
    public static var controllers: [any DataController] {
        [ClassController(threshold: 0.97), HardnessController(.stronger(upTo: 1.3))]
    }
}

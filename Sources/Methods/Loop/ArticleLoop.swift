import Augment
import Datasets

/// The steering that is prescribed for dynamic distillation: classes under a threshold are drawn more often, hard
/// samples get stronger geometry. ``ClosedLoop`` says where it measured well, and replaces it.
public enum ArticleLoop {
    /// Classes under 97 % on validation data are drawn more often, and hard samples get up to 1.3 times the geometry.
    public static var controllers: [any DataController] {
        [ClassController(threshold: 0.97), HardnessController(.stronger(upTo: 1.3))]
    }
}

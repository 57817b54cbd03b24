import Datasets
import Synchronization
import TensorCore

/// Images in memory, one of which cannot be read as long as that is switched on.
public struct FailingSource: ImageSource {
    private final class Switch: Sendable {
        let isOn = Mutex(true)
    }

    private let images: ImageSet
    private let failing: Int
    private let failure: Switch

    /// - Parameter failing: the sample id of the image.
    public init(images: ImageSet, failing: Int) { self.init(images, failing, Switch()) }

    private init(_ images: ImageSet, _ failing: Int, _ failure: Switch) {
        (self.images, self.failing, self.failure) = (images, failing, failure)
    }

    /// Whether the image cannot be read, in all parts of the source.
    public var isFailing: Bool {
        get { failure.isOn.withLock { $0 } }
        nonmutating set { failure.isOn.withLock { $0 = newValue } }
    }

    public var index: ImageIndex { images.index }
    public var height: Int { images.height }
    public var width: Int { images.width }
    public var channels: Int { images.channels }
    public var contentSample: [UInt64] { images.contentSample }

    public func images(at places: ArraySlice<Int>) throws(FormatError) -> RaggedImages {
        for place in places where sampleIDs[place] == failing && isFailing {
            throw FormatError(file: "image \(failing)", found: "nothing", expected: "an image")
        }
        return images.images(at: places)
    }

    public func subset(_ places: [Int]) -> FailingSource { FailingSource(images.subset(places), failing, failure) }

    public func replacing(_ index: ImageIndex) -> FailingSource {
        FailingSource(images.replacing(index), failing, failure)
    }
}

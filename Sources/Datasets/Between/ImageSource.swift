import TensorCore

/// Images with what is known of them, wherever their pixels lie: in memory, in a folder of files, in shards.
///
/// The index is in memory and pixels are read when they are asked for. Each image keeps its own height and width; those
/// of the source are of what a network reads, to which a `BatchTransform` brings them.
public protocol ImageSource: Sendable {
    /// What reading can throw; `Never` where the pixels are in memory.
    associatedtype Failure: Error = any Error

    /// Labels, names of classes and ids.
    var index: ImageIndex { get }

    /// Extents at which a network reads the images, in pixels.
    var height: Int { get }
    /// As ``height``.
    var width: Int { get }
    /// Values of each pixel, of all images.
    var channels: Int { get }
    /// These extents, and how images of another aspect are brought to them; by default they are stretched.
    var size: ImageSize { get }

    /// Reads images.
    ///
    /// - Parameter places: of the images, in 0 ..< count.
    /// - Returns: the images in that order, each of its own size.
    func images(at places: ArraySlice<Int>) throws(Failure) -> RaggedImages

    /// Numbers by which a run that goes on knows that the images show what they showed: some of the pixels, or the
    /// sizes of files.
    var contentSample: [UInt64] { get }

    /// Names of the files that turned out bad since the source was opened, in whose place others of their classes are
    /// read; none where images are in memory.
    var lostFiles: [String] { get }

    /// The images at the given places, in that order.
    func subset(_ places: [Int]) -> Self

    /// The same images with other labels, classes or ids.
    ///
    /// - Parameter index: of as many images.
    func replacing(_ index: ImageIndex) -> Self
}

extension ImageSource {
    public var lostFiles: [String] { [] }

    /// The class of each image, in 0 ..< ``classCount``; nil where an image has no label.
    public var labels: [Int?] { index.labels }

    /// Names of the classes.
    public var classNames: [String] { index.classNames }

    /// Ids that stay with an image through splits and shuffles: its place in the original data.
    public var sampleIDs: [Int] { index.sampleIDs }

    /// As ``ImageIndex/identities``.
    public var identities: [UInt64]? { index.identities }

    /// The number of images.
    public var count: Int { index.count }

    /// The number of classes.
    public var classCount: Int { index.classCount }

    /// The places of each class's images, ascending.
    public var placesByClass: [[Int]] { index.placesByClass }

    /// Extents at which a network reads an image.
    public var size: ImageSize { ImageSize(height: height, width: width, channels: channels) }

    /// The same images without what is known of their classes.
    public func withoutLabels() -> Self { replacing(index.withoutLabels()) }

    /// The same images, known by their places alone.
    func withoutIdentities() -> Self { replacing(index.withoutIdentities()) }

    /// The same images with their classes in another order; nil where the names are not those of its classes.
    public func withClasses(inOrderOf names: [String]) -> Self? { index.withClasses(inOrderOf: names).map(replacing) }

    /// Reads all images, and brings them to the size at which a network reads them.
    public func loaded() throws(Failure) -> ImageSet { try images(at: Array(0..<count)[...]).resized() }

    /// As many images as are asked for, or all where there are no more, spread evenly over the source.
    public func subset(evenly count: Int) -> Self { subset(places(evenly: count)) }

    /// The places of as many images as are asked for, or of all where there are no more, spread evenly.
    func places(evenly count: Int) -> [Int] {
        let number = min(count, self.count)
        return (0..<number).map { $0 * self.count / number }
    }

    /// The first images of all classes in turn, up to a number, sorted by class.
    package func subset(ofClassesInTurn count: Int) -> Self {
        let byClass = placesByClass
        let longest = byClass.map(\.count).max() ?? 0
        let inTurn = (0..<longest).lazy.flatMap { number in
            byClass.indices.lazy.filter { number < byClass[$0].count }.map { (label: $0, place: byClass[$0][number]) }
        }
        return subset(inTurn.prefix(count).sorted { ($0.label, $0.place) < ($1.label, $1.place) }.map(\.place))
    }
}

extension [UInt8] {
    /// At most some 65,000 of the bytes, spread evenly.
    var sample: [UInt64] { stride(from: 0, to: count, by: Swift.max(1, count / 65_536)).map { UInt64(self[$0]) } }
}

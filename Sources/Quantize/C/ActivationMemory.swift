import Autograd
import Graph

/// Where the result of each node lies in the memory that all share, so that results that are alive together do not
/// overlap. A result is one byte an element, or four where it is float32.
struct ActivationMemory {
    /// In bytes; nil for what goes to the output.
    private(set) var offsets: [Int?]
    /// All of it; a multiple of 4 where it holds float32.
    private(set) var bytes = 1
    /// Whether float32 lies in it.
    let holdsFloats: Bool
    private let owners: [Int]

    init(_ network: IntegerNetwork) {
        let nodes = network.program.nodes
        let isStored = nodes.indices.map { nodes[$0].quantization != nil || $0 < nodes.count - 1 }
        holdsFloats = nodes.indices.contains { nodes[$0].quantization == nil && isStored[$0] }
        offsets = Array(repeating: nil, count: nodes.count)
        // What has the elements of its operand in their order is the operand: it lives as long as either is read.
        var owners = Array(nodes.indices)
        for (index, node) in nodes.enumerated() where isStored[index] && node.keepsElements {
            let source = node.inputs[0]
            if node.quantization == nodes[source].quantization { owners[index] = owners[source] }
        }
        self.owners = owners
        var last = Array(nodes.indices)
        for (index, node) in nodes.enumerated() {
            for source in node.sources { last[owners[source]] = max(last[owners[source]], index) }
        }
        // The largest first, each at the first place that is free while it lives (greedy by size, Pisarchyk and Lee,
        // arXiv 2001.03288): small results fit between large ones, not the other way round.
        let owning = nodes.indices.filter { isStored[$0] && owners[$0] == $0 }
        func unit(_ index: Int) -> Int { nodes[index].quantization == nil ? MemoryLayout<Float>.size : 1 }
        func size(_ index: Int) -> Int { nodes[index].shape.elementCount * unit(index) }
        var placed: [Int] = []
        for index in owning.sorted(by: { (size($1), $0) < (size($0), $1) }) {
            let taken = placed.filter { $0 <= last[index] && index <= last[$0] }
                .compactMap { other in offsets[other].map { $0..<$0 + size(other) } }
                .sorted { $0.lowerBound < $1.lowerBound }
            var place = 0
            for range in taken where place + size(index) > range.lowerBound {
                place = max(place, range.upperBound.roundedUp(to: unit(index)))
            }
            offsets[index] = place
            placed.append(index)
            bytes = max(bytes, place + size(index))
        }
        for (index, owner) in owners.enumerated() { offsets[index] = offsets[owner] }
        if holdsFloats { bytes = bytes.roundedUp(to: MemoryLayout<Float>.size) }
    }

    /// The memory in C.
    var declaration: String {
        guard holdsFloats else { return "static uint8_t memory[\(bytes)];" }
        return """
            static union {
                uint8_t bytes[\(bytes)];
                float floats[\(bytes / MemoryLayout<Float>.size)];
            } memory;
            """
    }

    /// Whether a node's result lies where its operand does.
    func isShared(_ node: Int) -> Bool { owners[node] != node }
}

extension IntegerProgram.Node {
    /// Whether its result has the elements of its operand in their order, and nothing is done to them.
    fileprivate var keepsElements: Bool {
        !relu && (operation?.is(FlattenOperation.self) == true || operation?.is(ReshapeOperation.self) == true)
    }
}

extension Int {
    fileprivate func roundedUp(to unit: Int) -> Int { (self + unit - 1) / unit * unit }
}

import Graph
import Layers
import TensorCore

/// A network folded and fused, with what the bytes of its results shall stand for.
struct CalibratedGraph {
    /// As it was traced.
    let traced: NetworkGraph
    /// Folded and fused.
    let graph: NetworkGraph
    /// For each node of `graph`; without meaning where its result has no bytes of its own.
    let quantizations: [AffineQuantization]
    /// How weights become integers.
    let rounding: WeightRounding
    /// The first images that it was calibrated on, [N, H, W, C], as many as were asked for.
    let images: Tensor

    /// Traces a network and calibrates it.
    init(
        _ module: some Module, _ batches: some Sequence<Tensor>, _ observer: Observer, weightBits: Int,
        floatLayers: Set<String> = [], keeping count: Int = 0
    ) throws {
        var iterator = batches.makeIterator()
        guard let first = iterator.next(), first.shape.rank > 0 else { throw Self.noImages }
        let graph = try NetworkGraph(tracing: module, inputShape: Shape(Array(first.shape.dropFirst())))
        let all = [AnySequence([first]), AnySequence(IteratorSequence(iterator))].joined()
        try self.init(graph, all, observer, weightBits: weightBits, floatLayers: floatLayers, keeping: count)
    }

    /// Calibrates a traced network.
    init(
        _ traced: NetworkGraph, _ batches: some Sequence<Tensor>, _ observer: Observer, weightBits: Int,
        floatLayers: Set<String> = [], keeping count: Int = 0
    ) throws {
        self.traced = traced
        graph = traced.foldingBatchNorm().fusingActivations()
        var rounding = WeightRounding(of: graph, bits: weightBits)
        rounding.floatNodes = try graph.nodes(named: floatLayers).union(graph.nodesWithoutIntegerForm)
        self.rounding = rounding
        let plan = try InferencePlan(graph)
        var calibration = Calibration(graph, observer)
        var search = CalibrationSearch()
        var kept: [Tensor] = []
        var images = 0
        for batch in batches {
            let output = try calibration.observe(batch, through: plan, of: graph)
            if observer == .search { search.keep(batch, output: output) }
            if images < count { kept.append(batch[rows: 0..<min(batch.shape[0], count - images)]) }
            images += batch.shape[0]
        }
        guard images > 0 else { throw Self.noImages }
        self.images = kept.isEmpty ? .zeros([0]) : .concatenated(kept, axis: 0)
        quantizations =
            observer == .search
            ? try search.quantizations(graph, calibration, rounding)
            : graph.nodes.indices.map { calibration.quantization(of: $0) }
    }

    private static let noImages = GraphError(operation: "calibration", reason: "needs at least one image, got none")
}

import Datasets
import Layers

// What a run reads of its images.

extension Trainer {
    /// The next batch. Where images cannot be read, the run ends with the state that it has, if a step
    /// was done.
    func next(
        _ batches: inout BatchLoader.Iterator, _ run: Run<some Module>, _ store: RunStore?
    ) throws -> Batch? {
        do { return try batches.next() } catch {
            if run.step > 0, run.firstNonFinite(beyondModel: true) == nil {
                try store?.save(run)
                try store?.finish()
            }
            throw error
        }
    }

    func validate(_ model: some Module, epoch: Int) throws -> ClassReport? {
        try data.usableValidation.map {
            try model.evaluated(
                on: $0, normalization: data.normalization, epoch: epoch, comparedTo: teacherChoices)
        }
    }

    /// Tries the model on what the controllers want it tried on.
    func probe(_ run: inout Run<some Module>) throws {
        guard let images = data.usableValidation else { return }
        for index in run.controllers.indices {
            let probes = run.controllers[index].probes
            guard !probes.isEmpty else { continue }
            let model = run.usable
            run.controllers[index].probed(
                try probes.map {
                    try model.evaluated(on: images, normalization: data.normalization, epoch: run.epoch, transform: $0)
                })
        }
    }
}

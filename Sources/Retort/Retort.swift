// The umbrella: `import Retort` brings every room. Nothing else lives here.
@_exported import Augment
@_exported import Autograd
@_exported import Datasets
@_exported import Deploy
@_exported import Distill
@_exported import Graph
@_exported import ImageFiles
@_exported import Layers
@_exported import Methods
@_exported import Prune
@_exported import Quantize
@_exported import Reports
@_exported import TensorCore
@_exported import Training

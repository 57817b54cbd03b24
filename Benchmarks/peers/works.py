"""The works that are compared, and the modes in which a peer can do each kind."""

# KIND/NETWORK, with @BATCH where the batch is not the usual 64
WORKS = [
    "train/cnn16", "train/cnn32", "train/resnet20",
    "infer/cnn16", "infer/cnn32", "infer/resnet20", "infer/cnn16@1", "infer/resnet20@1",
    "int8/cnn16", "int8/cnn32", "int8/resnet20", "int8/cnn16@1", "int8/resnet20@1",
    "augment/policy32", "augment/policy224", "augment/affine32", "augment/affine224", "augment/noise224",
    "augment/fog224", "augment/rain224",
]

MODES = {
    "train": ["eager-nchw", "eager-nhwc", "compiled-nchw", "compiled-nhwc"],
    "infer": ["fp32"],
    "int8": ["fp32", "int8"],
    "augment": ["albumentations"],
    "photographs": ["torchvision", "albumentations"],
}

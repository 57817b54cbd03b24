"""Measures a peer at one work, in one of its modes, and prints one line of JSON as `measure` does.

    peer.py WORK MODE [--batch 64] [--threads 2] [--seconds 6] [--images FOLDER]

train/NET   PyTorch: forward, cross-entropy, backward, SGD with momentum, on a batch in memory. Modes: eager-nchw,
            eager-nhwc, compiled-nchw, compiled-nhwc.
infer/NET   ONNX Runtime with all its optimisations, on the network as PyTorch exports it. Mode: fp32.
int8/NET    The same, in the mode fp32 or as its own tools quantise the network: int8.
augment/NAMESIDE
            albumentations on RGB images of that side, on one thread whatever --threads is: augmentations.py. Mode:
            albumentations.
photographs/naturalSIDE
            JPEG files of --images, decoded and augmented to crops of that side on one thread: photographs.py. Modes:
            torchvision (its own decoder, v2 transforms on bytes), albumentations (OpenCV's decoder).

The rate is the median of three windows of equal length, which follow three steps of warm-up.
"""

import argparse
import json
import pathlib
import resource
import statistics
import tempfile
import time
import warnings

from works import MODES


def training_step(name, mode, batch):
    import torch
    from networks import network

    execution, layout = mode.split("-")
    model, shape = network(name)
    memory_format = torch.channels_last if layout == "nhwc" else torch.contiguous_format
    model = model.to(memory_format=memory_format).train()
    images = torch.randn(batch, *shape).to(memory_format=memory_format)
    labels = torch.arange(batch) % 10
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def loss(images, labels):
        return torch.nn.functional.cross_entropy(model(images), labels)

    loss = torch.compile(loss) if execution == "compiled" else loss

    def step():
        optimizer.zero_grad()
        loss(images, labels).backward()
        optimizer.step()

    return step


def inference_step(name, mode, batch, threads, folder):
    import onnxruntime
    import torch
    from networks import network

    model, shape = network(name)
    path = str(folder / "network.onnx")
    axes = {"images": {0: "batch"}, "logits": {0: "batch"}}
    torch.onnx.export(
        model.eval(), (torch.zeros(1, *shape),), path, input_names=["images"], output_names=["logits"],
        dynamic_axes=axes, dynamo=False)
    images = torch.randn(batch, *shape).numpy()
    if mode == "int8":
        path = quantized(path, torch.randn(64, *shape).numpy(), folder)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"images": images})


def quantized(path, images, folder):
    """Bytes for activations, signed bytes per channel for weights; within 7 bits where the processor's sums need it."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Calibration(quantization.CalibrationDataReader):
        batches = iter([{"images": images}])

        def get_next(self):
            return next(self.batches, None)

    prepared, result = str(folder / "prepared.onnx"), str(folder / "quantized.onnx")
    quant_pre_process(path, prepared)
    has_dot_products = "avx512_vnni" in pathlib.Path("/proc/cpuinfo").read_text()
    quantization.quantize_static(
        prepared, result, Calibration(), quant_format=quantization.QuantFormat.QDQ, per_channel=True,
        activation_type=quantization.QuantType.QUInt8, weight_type=quantization.QuantType.QInt8,
        reduce_range=not has_dot_products)
    return result


def rate(step, images, seconds):
    for _ in range(3):
        step()
    rates = []
    for _ in range(3):
        steps, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < seconds / 3:
            step()
            steps += 1
        rates.append(steps * images / elapsed)
    return statistics.median(rates)


def step_of(kind, name, options, folder):
    # Libraries are loaded where they are used: their memory counts.
    if kind == "augment":
        from augmentations import augmentation_step

        return augmentation_step(name, options.batch)
    if kind == "photographs":
        from photographs import photograph_step

        return photograph_step(name, options.mode, options.batch, options.images)
    import torch

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    if kind == "train":
        return training_step(name, options.mode, options.batch)
    return inference_step(name, options.mode, options.batch, options.threads, folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work")
    parser.add_argument("mode")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--images")
    options = parser.parse_args()
    warnings.simplefilter("ignore", DeprecationWarning)  # of the exporter, whose successor wants one more package
    kind, _, name = options.work.partition("/")
    if options.mode not in MODES.get(kind, []):
        parser.error(f"{options.work} has no mode {options.mode}; there are {MODES}")
    with tempfile.TemporaryDirectory() as folder:
        step = step_of(kind, name, options, pathlib.Path(folder))
        images_per_s = rate(step, options.batch, options.seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"work": options.work, "images_per_s": images_per_s, "mode": options.mode, "batch": options.batch,
                      "threads": options.threads, "peak_kilobytes": peak}))


if __name__ == "__main__":
    main()

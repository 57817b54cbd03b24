"""Writes qdq-model.safetensors and qdq-outputs.safetensors: a small network in this project's INT8 file format, and what ONNX
Runtime makes of the same network as a QDQ model (QuantizeLinear and DequantizeLinear around float operators).

    python make_golden.py        needs numpy, onnx, onnxruntime, torch and safetensors; made with 2.4, 1.23, 1.32, 2.15 and 0.8 on
AVX-512 VNNI, since without it ONNX Runtime's sums of products may saturate

All optimisations are on, so that integer operators compute. By float operators between roundings ONNX Runtime itself
comes to bytes that differ in up to 0.15 % of a step of this network, a few by two levels.
"""

import json
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent
RANDOM = np.random.default_rng(7)
BATCH, SIDE = 24, 12


class Step:
    """A layer or an operation, and what its result's bytes stand for."""

    def __init__(self, op, inputs, weight=None, bias=None, stride=1, relu=False, residual=None, window=None):
        self.op, self.inputs, self.stride, self.relu, self.residual = op, inputs, stride, relu, residual
        self.weight, self.bias, self.window = weight, bias, window
        self.scale = self.zero = self.weight_scale = self.integers = self.integer_bias = None


def layer(kernel, inputs, outputs):
    weight = RANDOM.normal(size=(outputs, inputs, kernel, kernel)) * np.sqrt(2 / (inputs * kernel * kernel))
    weight *= RANDOM.uniform(0.5, 2, size=(outputs, 1, 1, 1))
    return weight.astype(np.float32), (0.2 * RANDOM.normal(size=outputs)).astype(np.float32)


STEPS = [
    Step("input", []),
    Step("convolution2D", [0], *layer(3, 3, 8), relu=True),
    Step("convolution2D", [1], *layer(3, 8, 16), stride=2, relu=True),
    Step("convolution2D", [2], *layer(1, 16, 16)),
    Step("add", [2, 3], relu=True),
    Step("convolution2D", [4], *layer(3, 16, 16), residual=2, relu=True),
    Step("averagePool2D", [5], window=2),
    Step("flatten", [6]),
    Step("dense", [7], *layer(1, 9 * 16, 10)),
]


def run_float(x):
    """The results of all steps in float, NCHW; a flattened map has its channels innermost, as ours do."""
    results = []
    for step in STEPS:
        x0 = results[step.inputs[0]] if step.inputs else None
        if step.op == "input":
            y = torch.tensor(x)
        elif step.op == "convolution2D":
            kernel = step.weight.shape[2]
            y = torch.nn.functional.conv2d(
                x0, torch.tensor(step.weight), torch.tensor(step.bias), step.stride, kernel // 2)
        elif step.op == "add":
            y = x0 + results[step.inputs[1]]
        elif step.op == "averagePool2D":
            y = torch.nn.functional.avg_pool2d(x0, step.window)
        elif step.op == "flatten":
            y = x0.permute(0, 2, 3, 1).reshape(len(x0), -1)
        else:
            y = x0 @ torch.tensor(step.weight[:, :, 0, 0]).T + torch.tensor(step.bias)
        if step.residual is not None:
            y = y + results[step.residual]
        results.append(torch.relu(y) if step.relu else y)
    return [result.numpy() for result in results]


def quantize(results):
    """Scales, zero points and integers. A flattened map keeps its bytes."""
    for step, result in zip(STEPS, results):
        if step.op == "flatten":
            step.scale, step.zero = STEPS[step.inputs[0]].scale, STEPS[step.inputs[0]].zero
            continue
        # Ends cut a little, so that saturation occurs.
        low, high = min(0.0, 0.9 * result.min()), 0.9 * result.max()
        step.scale = np.float32((high - low) / 255)
        step.zero = np.uint8(np.rint(-low / step.scale))
        if step.weight is not None:
            step.weight_scale = np.abs(step.weight).max(axis=(1, 2, 3)).astype(np.float32) / np.float32(127)
            step.integers = np.rint(step.weight / step.weight_scale[:, None, None, None]).astype(np.int8)
            unit = STEPS[step.inputs[0]].scale * step.weight_scale
            step.integer_bias = np.rint(step.bias.astype(np.float64) / unit).astype(np.int32)


def onnx_model():
    nodes, constants, outputs = [], [], []

    def constant(name, value):
        constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def node(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def rounded(name, step, index):
        scale, zero = constant(f"s{index}", step.scale), constant(f"z{index}", step.zero)
        node("QuantizeLinear", [name, scale, zero], f"q{index}")
        rank = 2 if step.op == "dense" else 4
        outputs.append(helper.make_tensor_value_info(f"q{index}", TensorProto.UINT8, [None] * rank))
        return node("DequantizeLinear", [f"q{index}", scale, zero], f"x{index}")

    values = []
    for index, step in enumerate(STEPS):
        x = [values[i] for i in step.inputs]
        if step.op == "input":
            values.append(rounded("input", step, index))
            continue
        if step.weight is not None:
            dense = step.op == "dense"
            integers = step.integers[:, :, 0, 0] if dense else step.integers
            weight_scale = constant(f"ws{index}", step.weight_scale)
            zeros = constant(f"wz{index}", np.zeros(len(step.weight_scale), np.int8))
            x.append(node(
                "DequantizeLinear", [constant(f"w{index}", integers), weight_scale, zeros], f"wd{index}", axis=0))
            unit = (STEPS[step.inputs[0]].scale * step.weight_scale).astype(np.float32)
            bias_zero = constant(f"bz{index}", np.zeros(len(unit), np.int32))
            x.append(node(
                "DequantizeLinear", [constant(f"b{index}", step.integer_bias), constant(f"bs{index}", unit), bias_zero],
                f"bd{index}", axis=0))
        name = f"y{index}"
        if step.op == "convolution2D":
            pad = step.weight.shape[2] // 2
            y = node("Conv", x, name, strides=[step.stride] * 2, pads=[pad] * 4)
        elif step.op == "add":
            y = node("Add", x, name)
        elif step.op == "averagePool2D":
            y = node("AveragePool", x, name, kernel_shape=[step.window] * 2, strides=[step.window] * 2)
        elif step.op == "flatten":
            transposed = node("Transpose", x, f"t{index}", perm=[0, 2, 3, 1])
            shape = constant(f"shape{index}", np.array([0, -1], np.int64))
            values.append(node("Reshape", [transposed, shape], name))
            continue
        else:
            y = node("Gemm", x, name, transB=1)
        if step.residual is not None:
            y = node("Add", [y, values[step.residual]], f"a{index}")
        if step.relu:
            y = node("Relu", [y], f"r{index}")
        values.append(rounded(y, step, index))
    shape = ["N", 3, SIDE, SIDE]
    graph = helper.make_graph(
        nodes, "qdq", [helper.make_tensor_value_info("input", TensorProto.FLOAT, shape)], outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def run_onnx(model, images):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"input": images})))


def our_file():
    arrays, record = {}, []
    for index, step in enumerate(STEPS[1:], start=1):
        entry = {"op": step.op}
        if step.inputs != [index - 1]:
            entry["in"] = step.inputs
        if step.residual is not None:
            entry["add"] = step.residual
        if step.relu:
            entry["relu"] = True
        if step.weight is not None:
            turned = step.integers.transpose(2, 3, 1, 0)  # [kernel height, kernel width, in, out]
            arrays[f"{index}.weight"] = np.ascontiguousarray(turned[0, 0] if step.op == "dense" else turned)
            if step.op == "convolution2D":
                if step.stride != 1:
                    entry["stride"] = [step.stride] * 2
                if step.weight.shape[2] != 1:
                    entry["pad"] = [step.weight.shape[2] // 2] * 2
        if step.window:
            entry["window"] = entry["stride"] = [step.window] * 2
        record.append(entry)
    layers = [step for step in STEPS if step.weight is not None]
    arrays["bias"] = np.concatenate([step.integer_bias for step in layers])
    arrays["scale"] = np.concatenate([step.weight_scale for step in layers])
    arrays["activation.scale"] = np.array([step.scale for step in STEPS], np.float32)
    arrays["activation.zero"] = np.array([step.zero for step in STEPS], np.uint8)
    text = json.dumps({"version": 1, "input": [SIDE, SIDE, 3], "steps": record})
    save_file(arrays, HERE / "qdq-model.safetensors", {"retort.int8": text})


def channels_last(values):
    return np.ascontiguousarray(values.transpose(0, 2, 3, 1) if values.ndim == 4 else values)


images = RANDOM.normal(size=(BATCH, 3, SIDE, SIDE)).astype(np.float32)
quantize(run_float(images))
model = onnx_model()
onnx.checker.check_model(model)
our_file()
golden = {"images": channels_last(images)}
for output, values in run_onnx(model, images).items():
    golden[f"step.{output[1:]}"] = channels_last(values)
save_file(golden, HERE / "qdq-outputs.safetensors")

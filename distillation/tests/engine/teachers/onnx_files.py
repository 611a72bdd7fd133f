"""Small ONNX classifiers, written node by node: quicker than an exporter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CARD: dict[str, Any] = {
    "classes": ["Dot", "extra", " CROSS", "bar"],
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}


def write(
    folder: Path,
    card: dict[str, Any] | None = CARD,
    *,
    shape: tuple[int | str, ...] = ("n", 3, 12, 12),
    last: str = "Gemm",
    beside: bool = False,
    kind: int = TensorProto.FLOAT,
    metadata: dict[str, str] | None = None,
) -> Path:
    """A convolution, a mean over the picture, a linear layer, and perhaps a ``last`` node after them."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    weights = {
        name: numpy_helper.from_array(rng.normal(size=size).astype(dtype), name)
        for name, size in (("kernel", (6, 3, 3, 3)), ("head", (6, 4)), ("bias", (4,)))
    }
    channels_last = shape[1] != 3 and shape[3] == 3
    nodes = [helper.make_node("Transpose", ["pixels"], ["planes"], perm=[0, 3, 1, 2])] if channels_last else []
    nodes += [
        helper.make_node("Conv", ["planes" if channels_last else "pixels", "kernel"], ["maps"]),
        helper.make_node("Relu", ["maps"], ["active"]),
        helper.make_node("GlobalAveragePool", ["active"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "head", "bias"], ["answers" if last == "Gemm" else "logits"]),
    ]
    if last == "Softmax":
        nodes.append(helper.make_node("Softmax", ["logits"], ["answers"], axis=1))
    elif last == "hidden Softmax":
        nodes += [
            helper.make_node("Softmax", ["logits"], ["beliefs"], axis=1),
            helper.make_node("Identity", ["beliefs"], ["answers"]),
        ]
    graph = helper.make_graph(
        nodes,
        "classifier",
        [helper.make_tensor_value_info("pixels", kind, shape)],
        [helper.make_tensor_value_info("answers", kind, (shape[0], 4))],
        list(weights.values()),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, metadata or {})
    onnx.save(
        model, str(folder / "model.onnx"), save_as_external_data=beside, location="weights.data", size_threshold=0
    )
    if card is not None:
        (folder / "model.json").write_text(json.dumps(card))
    return folder


DETECTOR_CARD: dict[str, Any] = {"task_type": "detection", "classes": ["Blue", "other", " red"]}
_BOXES = np.array([[32, 32, 32, 32], [33, 32, 32, 32], [10, 12, 12, 16]], np.float32)
"""Centre x, centre y, width and height: the middle of the input, much the same, and a corner."""
_COLOURS = np.array([[-30, 0, 30], [0, 0, 0], [30, 0, -30]], np.float32)
"""From the mean red, green and blue to the logits of the classes."""


def write_detector(
    folder: Path,
    card: dict[str, Any] | None = DETECTOR_CARD,
    *,
    layout: str = "yolo",
    names: tuple[str, ...] = ("boxes", "scores", "labels"),
    batch: int | str = "n",
    less: tuple[float, float, float] = (0.0, 2.0, 6.0),
    raw: bool = False,
) -> Path:
    """A detector that finds red or blue by the mean colour, with three fixed boxes, each ``less`` sure.

    ``layout``: yolo; transposed, as no one exports it; boxes, with a batch of one before them; flat, without.
    ``raw``: logits instead of scores.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sure = np.array([[0.0], [-9.0], [0.0]], np.float32) - np.array(less, np.float32)
    weights = {
        "colours": np.repeat(_COLOURS, 3, axis=1),
        "sure": sure.reshape(-1),
        "scores_shape": np.array([-1, 3, 3]),
        "none": np.zeros((3, 12), np.float32),
        "places": (_BOXES.T if layout in ("yolo", "transposed") else _corners()).reshape(-1),
        "boxes_shape": np.array([-1, 4, 3] if layout in ("yolo", "transposed") else [-1, 3, 4]),
    }
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["means"]),
        helper.make_node("Gemm", ["means", "colours", "sure"], ["flat_logits"]),
        helper.make_node("Reshape", ["flat_logits", "scores_shape"], ["logits"]),
        helper.make_node("Identity" if raw else "Sigmoid", ["logits"], ["every"]),
        helper.make_node("Gemm", ["means", "none", "places"], ["flat_boxes"]),
        helper.make_node("Reshape", ["flat_boxes", "boxes_shape"], ["placed"]),
    ]
    shapes: dict[str, tuple[int, tuple[int | str, ...]]]
    if layout in ("yolo", "transposed"):
        last = "answers" if layout == "yolo" else "usual"
        nodes.append(helper.make_node("Concat", ["placed", "every"], [last], axis=1))
        if layout == "transposed":
            nodes.append(helper.make_node("Transpose", ["usual"], ["answers"], perm=[0, 2, 1]))
        shapes = {"answers": (TensorProto.FLOAT, (batch, 7, 3) if layout == "yolo" else (batch, 3, 7))}
    else:
        parts = ("with_batch_0", "with_batch_1", "with_batch_2") if layout == "flat" else names
        weights["first"] = np.array([1 if layout != "flat" else 0])
        nodes += [
            helper.make_node("Identity", ["placed"], [parts[0]]),
            helper.make_node("ReduceMax", ["every"], [parts[1]], axes=[1], keepdims=0),
            helper.make_node("ArgMax", ["every"], [parts[2]], axis=1, keepdims=0),
        ]
        if layout == "flat":
            nodes += [
                helper.make_node("Squeeze", [part, "first"], [name]) for part, name in zip(parts, names, strict=True)
            ]
        before: tuple[int | str, ...] = () if layout == "flat" else (batch,)
        kinds = (TensorProto.FLOAT, TensorProto.FLOAT, TensorProto.INT64)
        sizes: tuple[tuple[int, ...], ...] = ((3, 4), (3,), (3,))
        shapes = {name: (kind, (*before, *size)) for name, kind, size in zip(names, kinds, sizes, strict=True)}
    graph = helper.make_graph(
        nodes,
        "detector",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, (batch, 3, 64, 64))],
        [helper.make_tensor_value_info(name, *of_output) for name, of_output in shapes.items()],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(folder / "model.onnx")
    )
    if card is not None:
        (folder / "model.json").write_text(json.dumps(card))
    return folder


def _corners() -> np.ndarray:
    centre, half = _BOXES[:, :2], _BOXES[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=1)

"""A detector's graph that ends with its objects: non-maximum suppression as an operation of ONNX.

For runtimes whose users would otherwise write the suppression themselves. Two thresholds are inputs with defaults.
"""

from __future__ import annotations

import copy

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from distillation.engine.detection.decode import FOR_PEOPLE, Found, found_in
from distillation.engine.exporting.session import Session

OUTPUTS = ("pictures", "labels", "found_scores", "found_boxes")
"""In this order."""
LEAST_SHARE = 0.99
"""Of the objects that must be the same as with the platform's own suppression; a box at a threshold may tip."""
_NEAR = 0.05
"""Pixels of a box, and five hundredths of that for scores."""


def append(graph: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of a detector's exported graph that answers with objects.

    ``pictures [n]`` (place in the batch) and ``labels [n]`` int64, ``found_scores [n]`` and ``found_boxes [n, 4]``
    float32 (left, top, right, bottom in pixels of the input), by picture, then label, the surest first.

    As people see them: a box counts for its likeliest class alone, above ``score_threshold``; boxes of one class that
    overlap by more than ``overlap_threshold`` (IoU) are one object; at most 300 of each class in a picture.
    """
    model = copy.deepcopy(graph)
    body = model.graph
    boxes, scores = (output.name for output in body.output)
    _constant(body, "most", np.array([FOR_PEOPLE.limit], np.int64))
    _constant(body, "second", np.array([1], np.int64))
    for name, value in (("overlap_threshold", FOR_PEOPLE.overlap), ("score_threshold", FOR_PEOPLE.confidence)):
        _constant(body, name, np.array([value], np.float32))
        body.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]))
    body.node.extend(
        [
            helper.make_node("ReduceMax", [scores], ["best"], axes=[2], keepdims=1),
            helper.make_node("Equal", [scores, "best"], ["is_best"]),
            helper.make_node("Cast", ["is_best"], ["is_best_float"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [scores, "is_best_float"], ["own_scores"]),
            helper.make_node("Transpose", ["own_scores"], ["by_class"], perm=[0, 2, 1]),
            helper.make_node(
                "NonMaxSuppression", [boxes, "by_class", "most", "overlap_threshold", "score_threshold"], ["selected"]
            ),
            helper.make_node("Split", ["selected"], ["picture", "label", "anchor"], axis=1),
            helper.make_node("Concat", ["picture", "anchor"], ["place"], axis=1),
            helper.make_node("GatherND", [boxes, "place"], ["found_boxes"]),
            helper.make_node("GatherND", ["by_class", "selected"], ["found_scores"]),
            helper.make_node("Squeeze", ["picture", "second"], ["pictures"]),
            helper.make_node("Squeeze", ["label", "second"], ["labels"]),
        ]
    )
    del body.output[:]
    kinds = (TensorProto.INT64, TensorProto.INT64, TensorProto.FLOAT, TensorProto.FLOAT)
    for name, kind in zip(OUTPUTS, kinds, strict=True):
        body.output.append(helper.make_tensor_value_info(name, kind, ["n", 4] if name == "found_boxes" else ["n"]))
    return model


def share_found(suppressed: Session, plain: Session, samples: NDArray[np.float32]) -> tuple[float, int]:
    """The share of the platform's objects that the graph finds as well (and it no others), and how many there are."""
    same = every = 0
    for sample in samples:
        _pictures, labels, scores, boxes = suppressed(sample[None])
        wanted = _wanted(plain, sample)
        near = np.abs(boxes[:, None] - wanted.boxes.numpy()[None]).max(axis=-1, initial=0.0) <= _NEAR
        near &= np.abs(scores[:, None] - wanted.scores.numpy()[None]) <= _NEAR / 500
        near &= labels[:, None] == wanted.labels.numpy()[None]
        same += int(near.any(axis=0).sum())
        every += max(len(labels), len(wanted.labels))
    return (same / every if every else 1.0), every


def _wanted(plain: Session, sample: NDArray[np.float32]) -> Found:
    boxes, scores = (torch.from_numpy(answer[0]) for answer in plain(sample[None]))
    return found_in(scores.logit(), boxes.__getitem__, FOR_PEOPLE)


def _constant(body: onnx.GraphProto, name: str, value: NDArray[np.generic]) -> None:
    body.initializer.append(numpy_helper.from_array(value, name))

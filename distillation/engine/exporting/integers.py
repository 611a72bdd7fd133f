"""A graph with weights and activations in 8 bits: a quarter of the bytes, and often twice the speed on a CPU.

Only convolutions and products with weights become integers; normalisation, attention and the arithmetic of boxes
stay in float32, where few operations decide much. LSTMs are quantised dynamically: onnxruntime has no static form.
Weights have 7 bits: sums of 8-bit products overflow on CPUs without VNNI instructions (an LSTM lost a quarter there).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime import quantization  # type: ignore[import-untyped]
from onnxruntime.quantization import quant_utils  # type: ignore[import-untyped]

from distillation.engine.exporting import agreement
from distillation.engine.stopping import StopRequest

SAMPLES = 256
"""Training samples that show the ranges of activations."""
STATIC, DYNAMIC = "static", "dynamic"
_STATIC_OPERATORS = ["Conv", "ConvTranspose", "Gemm", "MatMul"]
_DYNAMIC_OPERATORS = ["LSTM", "Gemm", "MatMul"]


def way(config: dict[str, Any]) -> str:
    """``static`` with calibration, or ``dynamic`` for sequences."""
    return STATIC if config["image_size"] else DYNAMIC


def quantise(
    source: Path, samples: NDArray[np.float32], config: dict[str, Any], scratch: Path, stop: StopRequest
) -> onnx.ModelProto:
    """Quantise the ONNX file ``source``; ``samples`` are plain training samples.

    ``scratch`` is a directory that is made and removed. Raises Stopped and what onnxruntime raises.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    target = scratch / source.name
    graph = onnx.load(str(source))
    quant_utils.add_pre_process_metadata(graph)  # the exporter has folded what the preparation would fold
    try:
        if way(config) == STATIC:
            quantization.quantize_static(
                graph,
                str(target),
                _Calibration(graph.graph.input[0].name, samples, stop),
                quant_format=quantization.QuantFormat.QDQ,
                op_types_to_quantize=_STATIC_OPERATORS,
                per_channel=True,
                reduce_range=True,
                extra_options={"MatMulConstBOnly": True},
            )
        else:
            quantization.quantize_dynamic(
                graph, str(target), op_types_to_quantize=_DYNAMIC_OPERATORS, per_channel=True, reduce_range=True
            )
        stop.check()
        return onnx.load(str(target))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class _Calibration(quantization.CalibrationDataReader):
    """Batches of samples under the name of the graph's input."""

    def __init__(self, name: str, samples: NDArray[np.float32], stop: StopRequest) -> None:
        self._name, self._stop = name, stop
        self._batches: Iterator[NDArray[np.float32]] = iter(agreement.batches(samples))

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """The next batch, or None after the last. Raises Stopped."""
        self._stop.check()
        batch = next(self._batches, None)
        return None if batch is None else {self._name: np.ascontiguousarray(batch)}

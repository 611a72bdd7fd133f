"""An ONNX file run by onnxruntime on the CPU, with as many threads as the run has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import torch
from numpy.typing import NDArray
from torch import Tensor

from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.datasets.layout import shown
from distillation.engine.teachers import onnx_graph
from distillation.engine.teachers.onnx_graph import Graph


class Session:
    """Answers to batches of pictures; a fixed batch is filled up with zeros."""

    def __init__(self, folder: Path, graph: Graph) -> None:
        """Raises what onnxruntime does for a file that it cannot run."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
        options.use_deterministic_compute = True
        options.log_severity_level = 3
        self.options, self._graph = options, graph
        self._session = onnxruntime.InferenceSession(
            str(folder / onnx_graph.MODEL), options, providers=["CPUExecutionProvider"]
        )

    def run(self, inputs: Tensor, outputs: Sequence[str], at_once: int | None = None) -> list[list[NDArray[Any]]]:
        """What the named outputs are for each part of ``inputs [n, …]``: as many as the file takes, or ``at_once``."""
        ready = inputs.cpu().numpy().astype(self._graph.input_type)
        size = self._graph.shape.batch or at_once or len(ready)
        answers = []
        for begin in range(0, len(ready), size):
            part = ready[begin : begin + size]
            filled = np.zeros((size, *part.shape[1:]), part.dtype)
            filled[: len(part)] = part
            answers.append(self._session.run(list(outputs), {self._graph.input_name: filled}))
        return answers


def not_runnable(folder: Path, error: BaseException) -> Refused:
    """What is said when onnxruntime fails; it raises kinds of its own."""
    return Refused(
        Sentence(
            gettext_noop(
                "onnxruntime {version} cannot run the ONNX teacher in {folder} ({error}). Export it again with an "
                "older opset, or check that its files are complete."
            ),
            {
                "version": onnxruntime.__version__,
                "folder": shown(folder.name),
                "error": " ".join(str(error).split())[:300],
            },
        )
    )

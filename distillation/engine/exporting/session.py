"""An exported file as onnxruntime runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.engine.detection.decode import FOR_SCORING, Found, found_in

_WARNINGS_OFF = 3


class Session:
    """One file on the CPU, with as many threads as the run has."""

    def __init__(self, path: Path) -> None:
        """Raises what onnxruntime raises for a graph that it cannot run."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = torch.get_num_threads(), 1
        options.use_deterministic_compute = True
        options.log_severity_level = _WARNINGS_OFF
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def __call__(self, values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The graph's outputs for a batch of plain pictures or sequences."""
        answers: list[NDArray[np.float32]] = self._session.run(None, {self._input: np.ascontiguousarray(values)})
        return answers


class GraphNetwork(nn.Module):
    """A session in the place of a student, for the same held-out samples: prepared inputs in, float32 answers out."""

    def __init__(self, session: Session, config: dict[str, Any]) -> None:
        super().__init__()
        self._session = session
        scale = config["normalisation"]
        sides = (-1, 1, 1) if config["image_size"] else (-1,)
        self._mean, self._std = (np.array(scale[name], np.float32).reshape(sides) for name in ("mean", "std"))

    def answers(self, inputs: Tensor) -> list[Tensor]:
        """The graph's outputs; what the run has normalised is turned back into plain values."""
        plain = inputs.cpu().numpy() * self._std + self._mean
        return [torch.from_numpy(answer) for answer in self._session(plain.astype(np.float32))]

    def forward(self, inputs: Tensor) -> Tensor:
        """The logits of what is not a detector."""
        return self.answers(inputs)[0].to(inputs.device)

    def find(self, inputs: Tensor) -> list[Found]:
        """The objects that a detector finds in each picture, as they are counted."""
        boxes, scores = self.answers(inputs)
        return [
            found_in(one.logit(), places.__getitem__, FOR_SCORING) for one, places in zip(scores, boxes, strict=True)
        ]

"""What the student of a finished task answers to samples that are rows of an array: sequences, texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distillation.engine import feature_layers, students, teacher_cache, throughput
from distillation.engine.answer_cache import Shape
from distillation.engine.context import Context
from distillation.engine.taps import Taps
from distillation.engine.teachers import TeacherSource


class RowAnswerer:
    """A finished task's student in memory."""

    def __init__(
        self,
        context: Context,
        source: TeacherSource,
        network: nn.Module,
        inputs: Callable[[slice], Tensor],
    ) -> None:
        """``inputs`` gives rows as the network takes them."""
        self._context, self._source, self._take = context, source, inputs
        self._model = network.to(context.spec.device)
        sample = self._inputs(range(1))
        layers = feature_layers.of_teacher(context.spec.loss, self._model, lambda: self._model(sample))
        self._taps = Taps(self._model, layers) if layers else None

    def shapes(self) -> dict[str, Shape]:
        """Of what is kept of one row."""
        return {name: Shape(answer.shape[1:], answer.dtype) for name, answer in self.answer(range(1)).items()}

    def answer(self, items: range) -> dict[str, NDArray[Any]]:
        """Logits and features of a chunk."""
        with torch.inference_mode():
            answers = {"logits": self._model(self._inputs(items))[:, list(self._source.columns)].float()}
        if self._taps is not None:
            answers |= {path: teacher_cache.limited(found).half() for path, found in self._taps.taken().items()}
        blocks = {name: answer.cpu().numpy() for name, answer in answers.items()}
        for block in blocks.values():
            teacher_cache.require_finite(self._source.name, block)
        return blocks

    def about(self) -> dict[str, Any]:
        """Name, size and speed."""
        batch = self._inputs(range(self._context.spec.train.batch_size))
        speed = throughput.measure(self._model, batch, self._context.stop)
        return teacher_cache.about(self._source, students.parameter_count(self._model), speed)

    def _inputs(self, items: range) -> Tensor:
        return self._take(slice(items.start, items.stop)).to(self._context.spec.device)

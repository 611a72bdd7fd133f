"""What a teacher of picture classes answers to every picture of a run, each prepared from its file."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from distillation.contract import teachers as catalogue
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.spec import LossSpec
from distillation.datasets.layout import shown
from distillation.engine import answer_cache, feature_layers, teachers, throughput
from distillation.engine.answer_cache import Shape, TeacherOutputs
from distillation.engine.context import Context
from distillation.engine.frozen_data import FrozenData
from distillation.engine.taps import Taps
from distillation.engine.teacher_pictures import TeacherPictures
from distillation.engine.teachers import TeacherSource, of_one_shape
from distillation.engine.teachers.source import by_shape

SPEED_BATCH = 256
"""The teacher's speed is measured with the run's batch size, up to this."""


def open_outputs(context: Context, data: FrozenData, source: TeacherSource, skipped: frozenset[int]) -> TeacherOutputs:
    """Open the cached ``logits``, float32 ``[rows, classes]``; compute what is missing. ``skipped`` are unreadable.

    Where the loss compares features, those of the teacher's layers are kept too, float16 by path.

    Raises Refused, DataChanged, Stopped, OSError (a full disk).
    """
    key = f"2/{source.identity}/{data.digest}{feature_layers.key(context.spec.loss)}"
    ask = functools.cache(lambda: _Answerer(context, data, source, skipped))
    return answer_cache.open_answers(context, key, lambda: ask().shapes(), data.rows, ask)


def about(source: TeacherSource, parameters: int, speed: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a teacher beside its answers."""
    return {
        "name": source.name,
        "kind": source.kind,
        "parameters": parameters,
        "bytes": source.bytes,
        "throughput": speed,
        "measured_at": time.time(),
    }


def require_finite(name: str, block: NDArray[Any]) -> None:
    """Refuse a teacher whose weights are damaged. Raises Refused."""
    if not np.isfinite(block).all():
        raise Refused(
            Sentence(
                gettext_noop("The teacher {name} answers with figures that are not finite. Its weights are damaged."),
                {"name": shown(name)},
            )
        )


def limited(features: Tensor) -> Tensor:
    """Without what float16 cannot hold: activations of transformers have a few huge values."""
    most = torch.finfo(torch.float16).max
    return features.float().clamp(-most, most)


class _Answerer:
    """A classifier in memory."""

    def __init__(self, context: Context, data: FrozenData, source: TeacherSource, skipped: frozenset[int]) -> None:
        self._context, self._data, self._source, self._skipped = context, data, source, skipped
        self._loaded = teachers.load(source, context.spec.device)
        self._pictures = TeacherPictures(data, self._loaded, context.spec.threads, keep=False)
        self._taps: Taps | None = None
        loss = context.spec.loss
        if loss is not None and loss.feature:
            self._tap(loss)
        self._shapes = self._look()

    def shapes(self) -> Mapping[str, Shape]:
        """Of what is kept of one picture."""
        return self._shapes

    def answer(self, items: range) -> dict[str, NDArray[Any]]:
        """Logits and features of rows; zeros for those that cannot be read."""
        rows = [row for row in items if row not in self._skipped]
        blocks = {name: np.zeros((len(items), *shape.of_item), shape.dtype) for name, shape in self._shapes.items()}
        if rows:
            for name, answer in self._ask(self._pictures.take(rows)).items():
                blocks[name][[row - items.start for row in rows]] = answer.numpy()
        for block in blocks.values():
            require_finite(self._source.name, block)
        return blocks

    def about(self) -> dict[str, Any]:
        """Name, size and speed with the run's batch size."""
        rows = [row for row in range(self._data.rows) if row not in self._skipped]
        batch = of_one_shape(self._pictures.take(rows[: min(self._context.spec.train.batch_size, SPEED_BATCH)]))
        speed = throughput.measure(self._loaded.model, batch.to(self._context.spec.device), self._context.stop)
        return about(self._source, self._loaded.parameters, speed)

    def _ask(self, prepared: list[Tensor]) -> dict[str, Tensor]:
        device = self._context.spec.device
        if self._taps is None:
            return {"logits": self._loaded.answers(prepared, device)}
        blocks = {name: torch.zeros((len(prepared), *shape.of_item)) for name, shape in self._shapes.items()}
        for places in by_shape(prepared):
            blocks["logits"][places] = self._loaded.answers([prepared[place] for place in places], device)
            for path, found in self._taps.taken().items():
                _require_common_size(self._source, path, found, self._shapes[path])
                blocks[path][places] = limited(found).cpu()
        return {name: block if name == "logits" else block.to(torch.float16) for name, block in blocks.items()}

    def _tap(self, loss: LossSpec) -> None:
        network = self._loaded.network
        if network is None:
            problem = catalogue.feature_problem(shown(self._source.name), self._source.kind, "classification")
            assert problem is not None, self._source.kind  # noqa: S101 - the catalogue and the loaders agree
            raise Refused(problem)
        sample = self._sample()
        device = self._context.spec.device
        layers = feature_layers.of_teacher(loss, network, lambda: self._loaded.answers(sample, device))
        self._taps = Taps(network, layers)

    def _look(self) -> dict[str, Shape]:
        logits = {"logits": Shape((len(self._data.classes),), np.float32)}
        if self._taps is None:
            return logits
        self._loaded.answers(self._sample(), self._context.spec.device)
        return logits | {path: Shape(tuple(found.shape[1:]), np.float16) for path, found in self._taps.taken().items()}

    def _sample(self) -> list[Tensor]:
        readable = next(row for row in range(self._data.rows) if row not in self._skipped)
        return self._pictures.take([readable])


def _require_common_size(source: TeacherSource, path: str, found: Tensor, wanted: Shape) -> None:
    if tuple(found.shape[1:]) != wanted.of_item:
        raise Refused(
            Sentence(
                gettext_noop(
                    "The teacher {name} sees pictures of different shapes, so the features of {layer} have no common "
                    "size. Choose another layer, or distillationType logit."
                ),
                {"name": shown(source.name), "layer": path},
            )
        )

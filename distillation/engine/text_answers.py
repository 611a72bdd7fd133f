"""What a language model answers to every text of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from distillation.contract import teachers as catalogue
from distillation.contract.sentence import Refused
from distillation.datasets.layout import shown
from distillation.engine import teacher_cache, teachers, throughput
from distillation.engine.answer_cache import Shape
from distillation.engine.context import Context
from distillation.engine.teachers import TeacherSource, of_one_shape


class LanguageAnswerer:
    """A language model in memory."""

    def __init__(self, context: Context, source: TeacherSource, texts: Sequence[str]) -> None:
        """Raises Refused, also for a run that wants the features of its layers."""
        loss = context.spec.loss
        if loss is not None and loss.feature:
            problem = catalogue.feature_problem(shown(source.name), source.kind, "text")
            assert problem is not None, source.kind  # noqa: S101 - the catalogue and the loaders agree
            raise Refused(problem)
        self._context, self._source, self._texts = context, source, texts
        self._loaded = teachers.load_texts(source, context.spec.device)

    def shapes(self) -> dict[str, Shape]:
        """Of what is kept of one text."""
        return {"logits": Shape((self._loaded.classes,), np.float32)}

    def answer(self, items: range) -> dict[str, NDArray[Any]]:
        """Log-likelihoods of a chunk, float32 ``[texts, classes]``."""
        encoded = [self._loaded.encode(self._texts[item]) for item in items]
        logits = self._loaded.answers(encoded, self._context.spec.device).numpy()
        teacher_cache.require_finite(self._source.name, logits)
        return {"logits": logits}

    def about(self) -> dict[str, Any]:
        """Name, size and speed, measured with texts as long as the first one."""
        some = self._texts[: min(self._context.spec.train.batch_size, teacher_cache.SPEED_BATCH)]
        batch = of_one_shape([self._loaded.encode(text) for text in some])
        speed = throughput.measure(self._loaded.model, batch.to(self._context.spec.device), self._context.stop)
        return teacher_cache.about(self._source, self._loaded.parameters, speed)

"""Load a model, ask it about every input by itself, and take the time of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from distillation.contract.sentence import Refused
from distillation.contract.trial import TrialSpec
from distillation.engine import export
from distillation.engine.trying import models
from distillation.engine.trying.answers import Input, problem
from distillation.engine.trying.models import Model

_CHEAP_SECONDS = 1.0
"""A first answer that took no longer is asked for again: libraries prepare themselves during it."""

Tell = Callable[[int], None]
"""Called with the number of inputs that are done. Raises Stopped."""


def settle(threads: int) -> None:
    """How many threads compute."""
    torch.set_num_threads(max(1, threads))


def student(home: Path, spec: TrialSpec, inputs: Sequence[Input], tell: Tell) -> dict[str, Any]:
    """What the student answers. Raises Refused and Stopped."""
    folder = home / spec.model_path
    return _asked(lambda: models.student(folder), inputs, tell) | {"classes": export.read_config(folder)["classes"]}


def teacher(home: Path, spec: TrialSpec, inputs: Sequence[Input], tell: Tell) -> dict[str, Any]:
    """What the teacher answers. Raises Refused, Stopped and what libraries raise."""
    return _asked(lambda: models.teacher(home, spec), inputs, tell)


def _asked(load: Callable[[], Model], inputs: Sequence[Input], tell: Tell) -> dict[str, Any]:
    begin = time.perf_counter()
    model = load()
    loaded = time.perf_counter() - begin
    answers: list[dict[str, Any]] = []
    warm = False
    for done, one in enumerate(inputs):
        tell(done)
        answer = _answer(model, one)
        if not warm and answer.get("ms", 1000 * _CHEAP_SECONDS) < 1000 * _CHEAP_SECONDS:
            answer, warm = _answer(model, one), True
        answers.append(answer | ({"size": list(one.size)} if one.size[0] else {}))
    tell(len(inputs))
    return {"parameters": model.parameters, "load_seconds": round(loaded, 2), "answers": answers}


def _answer(model: Model, one: Input) -> dict[str, Any]:
    """With the milliseconds from the file or text to the answer; or why there is none."""
    if one.problem is not None:
        return {"problem": one.problem}
    begin = time.perf_counter()
    try:
        answer = model.ask(one)
    except Refused as refused:
        return {"problem": problem(refused.sentence, one.path, one.name)}
    return answer | {"ms": round(1000 * (time.perf_counter() - begin), 2)}

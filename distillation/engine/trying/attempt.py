"""One trial: make the pictures showable, ask the student, ask the teacher; write each answer as soon as it is whole.

Imports torch only when the pictures can be looked at already. A teacher that cannot answer does not fail the trial.
"""

from __future__ import annotations

import importlib
import io
import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from distillation.contract import events as kinds
from distillation.contract.run_dir import RunDir
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.contract.trial import INPUTS, SHOWN, SIDES, TRYING, TrialInput, TrialSpec
from distillation.datasets import pictures
from distillation.engine import atomic
from distillation.engine.events import EventWriter, finite
from distillation.engine.stopping import StopRequest
from distillation.engine.trying.answers import Input, problem

LONGEST_SIDE = 1200
"""Pixels of a picture as browsers show it."""
_QUALITY = 88


def perform(run_dir: RunDir, home: Path, spec: TrialSpec, events: EventWriter, stop: StopRequest, attempt: int) -> None:
    """Carry the trial to its answers. Raises Refused and Stopped."""
    events.emit(kinds.STARTED, pid=os.getpid(), attempt=attempt, device="cpu", threads=spec.threads)

    def tell(phase: str, done: int, total: int) -> None:
        stop.check()
        events.emit(TRYING, phase=phase, done=done, total=total)

    inputs = list(_read(run_dir.root, spec, tell))
    if inputs and all(one.problem is not None for one in inputs):
        raise Refused(
            Sentence(gettext_noop("None of the pictures can be read; of the first: {why}"), {"why": inputs[0].problem})
        )
    asking: Any = importlib.import_module("distillation.engine.trying.asking")
    asking.settle(spec.threads)
    student, teacher = SIDES
    tell("load_student", 0, 0)
    answers = asking.student(home, spec, inputs, lambda done: tell(student, done, len(inputs)))
    atomic.write_json(run_dir.root / f"{student}.json", finite(answers))
    if spec.teacher is None:
        said: dict[str, Any] = {"reason": spec.no_teacher}
    else:
        tell("load_teacher", 0, 0)
        said = _of_teacher(asking, home, spec, inputs, lambda done: tell(teacher, done, len(inputs)))
    atomic.write_json(run_dir.root / f"{teacher}.json", finite(said))
    atomic.write_json(run_dir.result, {"trial_id": spec.trial_id})


def _of_teacher(
    asking: Any, home: Path, spec: TrialSpec, inputs: list[Input], tell: Callable[[int], None]
) -> dict[str, Any]:
    try:
        answers: dict[str, Any] = asking.teacher(home, spec, inputs, tell)
    except Refused as refused:
        return {"reason": refused.sentence.as_json()}
    except (ArithmeticError, AttributeError, ImportError, LookupError, MemoryError, OSError, RuntimeError,
            TypeError, ValueError) as error:  # fmt: skip
        # What libraries raise for models that they cannot run: the student's answers are worth seeing all the same.
        traceback.print_exception(error)
        failures: Any = importlib.import_module("distillation.engine.failures")
        return {"reason": failures.explain(error, None)[1].as_json()}
    return answers | {"note": spec.teacher_note}


def _read(root: Path, spec: TrialSpec, tell: Callable[[str, int, int], None]) -> Iterator[Input]:
    """Every input; a picture that cannot be read with the reason."""
    (root / SHOWN).mkdir(exist_ok=True)
    for number, one in enumerate(spec.inputs, start=1):
        tell("read", number - 1, len(spec.inputs))
        yield Input(text=one.text) if one.text else _picture(root, one, number)


def _picture(root: Path, one: TrialInput, number: int) -> Input:
    path = root / INPUTS / one.file
    try:
        picture = pictures.open_picture(path, 3)
    except pictures.Unreadable as unreadable:
        return Input(path=path, problem=problem(unreadable.sentence, path, one.name))
    width, height = picture.size
    scale = min(1.0, LONGEST_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    encoded = io.BytesIO()
    picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0).save(encoded, "JPEG", quality=_QUALITY)
    atomic.write_bytes(root / SHOWN / f"{number}.jpg", encoded.getvalue())
    return Input(path=path, name=one.name, size=(width, height))

"""The batch size of a run that leaves it open: chosen once, then part of its spec."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from distillation.contract.sentence import Sentence, gettext_noop
from distillation.contract.spec import RunSpec
from distillation.contract.students import MAX_TOKENS, VOCABULARY
from distillation.datasets.samples import DataSet
from distillation.datasets.sequences import SequenceData
from distillation.engine import atomic, fitting_batch, randomness, run_data, students
from distillation.engine.context import Context

RECORD = "batch.json"
"""In the run directory: the choice of the first attempt, which later ones keep whatever memory is free then."""


def settle(context: Context) -> Context:
    """The context with a batch size. Raises Refused for data that cannot be read, OSError."""
    if context.spec.train.batch_size:
        return context
    record = context.run_dir.root / RECORD
    kept = atomic.read_json(record)
    if kept is None:
        kept = {"batch_size": choose(context.spec, context.home)}
        atomic.write_json(record, kept)
        context.events.log(
            "info",
            Sentence(gettext_noop("The batch size {batch_size} was chosen by memory and data."), kept),
        )
    return replace(context, spec=with_size(context.spec, int(kept["batch_size"])))


def with_size(spec: RunSpec, size: int) -> RunSpec:
    """The spec with a batch size."""
    return replace(spec, train=replace(spec.train, batch_size=size))


def choose(spec: RunSpec, home: Path) -> int:
    """What fits the memory that is free now; see ``fitting_batch.chosen``."""
    data = run_data.read(home, spec)
    randomness.seed_all(spec.train.seed)
    size = spec.student.image_size
    shape: tuple[int, ...]
    kind = torch.float32
    if isinstance(data, SequenceData):
        channels, shape = data.features, (2, data.length, data.features)
    elif isinstance(data, DataSet):
        channels, shape = 3, (2, 3, size, size)  # grey pictures need a little less
    else:
        channels, shape, kind = VOCABULARY, (2, MAX_TOKENS), torch.int32  # most texts are shorter
    samples = len(data.train) + (len(data.unlabeled) if spec.teacher is not None else 0)
    model = students.build(spec.student.arch, classes=len(data.classes), channels=channels, image_size=size)
    return fitting_batch.chosen(model.to(spec.device), torch.zeros(shape, dtype=kind, device=spec.device), samples)

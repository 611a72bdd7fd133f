"""Batch size and epochs that give a small data set enough optimizer steps: filled in at first, proposed later.

What is filled in is marked with the number of samples that it was chosen for; the rule is ``services/step_count``'s.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from distillation.admin import figures
from distillation.contract.create_request import CreateRequest
from distillation.contract.options import BY_NAME
from distillation.contract.task_types import OF_PICTURES
from distillation.services.estimates import samples_of_epoch
from distillation.services.step_count import ENOUGH, Length, enough, length_of
from distillation.services.surroundings import Surroundings
from distillation.services.validation import request_outline

FIELDS = ("batchSize", "totalEpochs")
DEFAULTS = {name: str(BY_NAME[name].default) for name in FIELDS}


@dataclass(frozen=True, slots=True)
class Advised:
    """What the two fields should say; without data nothing is known."""

    usual: dict[str, str] = field(default_factory=lambda: DEFAULTS)
    """What an untouched form shows."""
    mark: str = ""
    """For whom that is chosen; empty where it is the catalogue's default."""
    better: dict[str, str] = field(default_factory=dict)
    """What would give enough steps, where what is filled in gives too few."""
    sentence: str = ""
    """Says so, with the numbers."""

    def mark_of(self, name: str, value: str) -> str:
        """Shown at a field that holds this value."""
        return self.mark if name in FIELDS and value == self.usual[name] != DEFAULTS[name] else ""


def advised(request: CreateRequest, around: Surroundings, listed: Collection[str] = ()) -> Advised:
    """For a request as far as it can be read; nothing is proposed for options of which several values are tried."""
    whole = request.assumed()
    samples = _samples(whole, around)
    if not samples:
        return Advised()
    usual = enough(whole, samples, BY_NAME["batchSize"].default, BY_NAME["totalEpochs"].default)
    mark = _("suggested for %(number)s") % {"number": _counted(whole, samples)}
    batch, epochs = (whole.values[name] for name in FIELDS)
    unknown = not batch or set(FIELDS) & (request.refused | set(listed))
    if unknown or (now := length_of(whole, samples, batch, epochs)).steps >= ENOUGH:
        return Advised(_as_text(usual), mark)
    better = enough(whole, samples, batch, epochs)
    sentence = _(
        "%(number)s in batches of %(batch)s for %(epochs)s epochs make %(steps)s optimizer steps, and with fewer than "
        "%(enough)s a model often learns too little: batch size %(better_batch)s and %(better_epochs)s epochs make "
        "%(better_steps)s."
    ) % {
        "number": _counted(whole, samples),
        "batch": figures.count(batch),
        "epochs": figures.count(epochs),
        "steps": figures.count(now.steps),
        "enough": figures.count(ENOUGH),
        "better_batch": figures.count(better.batch),
        "better_epochs": figures.count(better.epochs),
        "better_steps": figures.count(better.steps),
    }
    return Advised(_as_text(usual), mark, _as_text(better), sentence)


def _samples(request: CreateRequest, around: Surroundings) -> int:
    """Those of an epoch; 0 while data are not known."""
    data = request.values["datasetId"]
    if request.external or not data or around.unknown_dataset(data) is not None:
        return 0
    return samples_of_epoch(request, request_outline(request, around), around.teacher_kind(request))


def _counted(request: CreateRequest, samples: int) -> str:
    text = _("%(count)s pictures") if request.values["taskType"] in OF_PICTURES else _("%(count)s samples")
    return text % {"count": figures.count(samples)}


def _as_text(found: Length) -> dict[str, str]:
    return {"batchSize": str(found.batch), "totalEpochs": str(found.epochs)}

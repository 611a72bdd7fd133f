"""What a finished task left on disk, for its page: the delivered files, and pictures with the student's answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from distillation.admin import figures, loose
from distillation.contract.sentence import Sentence
from distillation.models import TrainingTask
from distillation.models.sentences import translate
from distillation.storage.run_result import delivered, examples_of

MOST_EXAMPLES = 64
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class DeliveredFile:
    """One row of the table; without an address for a file that could not be made."""

    name: str
    url: str
    size: str
    sha256: str
    accuracy: str
    difference: str
    note: str


@dataclass(frozen=True, slots=True)
class ExamplePicture:
    """One picture; truth and prediction as text."""

    number: int
    source: str
    right: bool
    truth: str
    prediction: str


def files(task: TrainingTask) -> list[DeliveredFile]:
    """In the order of their making."""
    return [_file(task, entry) for entry in delivered(task.task_id)]


def examples(task: TrainingTask) -> dict[str, Any]:
    """``rule`` and ``pictures``; no pictures where the run left none."""
    index = examples_of(task.task_id)
    found = [_example(entry) for entry in loose.objects(index.get("examples"))[:MOST_EXAMPLES]]
    return {"rule": _said(index.get("rule")), "pictures": [picture for picture in found if picture is not None]}


def _file(task: TrainingTask, entry: dict[str, Any]) -> DeliveredFile:
    path = str(entry.get("path") or "").removeprefix("artifacts/")
    made = bool(entry.get("made") and path)
    difference = entry.get("difference")
    relative = loose.number(difference.get("relative")) if isinstance(difference, dict) else None
    return DeliveredFile(
        name=str(entry.get("name") or figures.DASH),
        url=reverse("api:artifact", kwargs={"task_id": task.task_id, "name": path}) if made else "",
        size=figures.size(loose.number(entry.get("bytes"))),
        sha256=str(entry.get("sha256") or ""),
        accuracy=figures.percent(loose.number(entry.get("accuracy"))),
        difference=figures.DASH if relative is None else f"{relative:.1e}",
        note=_said(entry.get("warning") if made else entry.get("reason")),
    )


def _example(entry: dict[str, Any]) -> ExamplePicture | None:
    number, _dot, suffix = str(entry.get("file")).partition(".")
    if not (number.isascii() and number.isdigit() and suffix == "jpg"):
        return None
    return ExamplePicture(
        int(number), str(entry.get("source") or ""), bool(entry.get("right")),
        _label(entry.get("truth")), _label(entry.get("prediction")),
    )  # fmt: skip


def _label(value: Any) -> str:
    """A class with its probability, objects, or shares of classes."""
    if isinstance(value, list):
        names = [str(found.get("class")) for found in loose.objects(value)]
        more = " …" if len(names) > _MOST_NAMED else ""
        return f"{len(names)}: {', '.join(names[:_MOST_NAMED])}{more}" if names else _("nothing")
    if not isinstance(value, dict):
        return figures.DASH
    if isinstance(value.get("shares"), dict):
        shares = sorted(value["shares"].items(), key=lambda share: -(loose.number(share[1]) or 0.0))[:_MOST_NAMED]
        return ", ".join(f"{name} {figures.percent(_hundredfold(share), 0)}" for name, share in shares)
    probability = loose.number(value.get("probability"))
    sure = "" if probability is None else f" {figures.percent(100 * probability, 1)}"
    return f"{value.get('class')}{sure}"


def _hundredfold(share: Any) -> float | None:
    value = loose.number(share)
    return None if value is None else 100 * value


def _said(value: Any) -> str:
    """A stored sentence in the reader's language; nothing for anything else."""
    try:
        return translate(Sentence.from_json(value))
    except (KeyError, TypeError, ValueError):
        return ""

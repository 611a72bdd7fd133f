"""Where a student's first weights lie, when they are not drawn at random."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from distillation.contract.create_request import CreateRequest
from distillation.contract.sentence import Refused, Sentence, gettext_noop
from distillation.services.surroundings import Surroundings
from distillation.storage.local import relative

SUFFIX = ".safetensors"


def first_weights(request: CreateRequest, around: Surroundings) -> str | None:
    """The place relative to the home; None for weights that are drawn. Raises Refused when nothing is there."""
    method, place = request.values["studentInitMethod"], request.values["studentPretrainPath"]
    if method == "random" or request.external:
        return None
    return _of_task(place, around) if method == "distill" else _below_models(place)


def first_weights_problem(request: CreateRequest, around: Surroundings) -> Sentence | None:
    """Why the first weights cannot be had, or None."""
    try:
        first_weights(request, around)
    except Refused as refused:
        return refused.sentence
    return None


def _of_task(name: str, around: Surroundings) -> str:
    task = around.teacher(name)
    if task is None or task.kind != "task":
        raise Refused(
            Sentence(
                gettext_noop("There is no completed task {name} whose student could be started from."), {"name": name}
            )
        )
    if task.reason is not None or task.directory is None:
        raise Refused(task.reason or Sentence(gettext_noop("The teacher {name} has no model."), {"name": name}))
    return relative(task.directory)


def _below_models(place: str) -> str:
    root = Path(settings.MODELS_ROOT).resolve()
    try:
        found = (root / place).resolve()
        fits = found.is_relative_to(root) and (
            (found.is_file() and found.suffix == SUFFIX) or (found.is_dir() and any(found.glob(f"*{SUFFIX}")))
        )
    except (OSError, ValueError, RuntimeError):
        fits = False
    if not fits:
        raise Refused(
            Sentence(
                gettext_noop(
                    "{place} is neither a directory with .safetensors weights nor such a file below the models root. "
                    "Convert other formats with: python -m distillation.engine convert"
                ),
                {"place": place},
            )
        )
    return relative(found)

"""Two tabs, one task: what the page showed when it was opened travels with the form, signed, and is compared.

Who saves second is told what changed meanwhile. What that person typed stays; fields that they did not touch take
the new values, so that the next save undoes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.http import QueryDict
from django.utils.translation import gettext as _

from distillation.console.wizard.answers import in_words, shown_values
from distillation.contract.option import Option
from distillation.contract.options import OPTIONS
from distillation.models import TrainingTask

FIELD = "_opened"
_SALT = "distillation.wizard"


@dataclass(frozen=True, slots=True)
class Change:
    """One field that somebody else changed."""

    name: str
    label: str
    before: str
    now: str
    typed: str
    """What the person at this form wants instead; empty when the field was not touched."""


def token(task: TrainingTask) -> str:
    """What the form carries."""
    return signing.dumps({"pk": task.pk, "shown": shown_values(task)}, salt=_SALT, compress=True)


def opened(posted: Mapping[str, Any], task: TrainingTask) -> dict[str, str]:
    """What the page showed when it was opened; what the task is now, where the form does not say."""
    try:
        held = signing.loads(str(posted.get(FIELD, "")), salt=_SALT)
    except signing.BadSignature:
        return shown_values(task)
    return dict(held["shown"]) if held["pk"] == task.pk else shown_values(task)


def changes(before: Mapping[str, str], task: TrainingTask, mine: Mapping[str, Any]) -> list[Change]:
    """What somebody else changed since the page was opened; ``mine`` are the changes of this form."""
    now = shown_values(task)
    return [
        Change(
            option.name,
            _(option.label),
            in_words(option, before.get(option.name)),
            in_words(option, now.get(option.name)),
            _typed(option, mine, now),
        )
        for option in OPTIONS
        if before.get(option.name, "") != now.get(option.name, "")
    ]


def merged(posted: QueryDict, task: TrainingTask, theirs: list[Change], mine: Mapping[str, Any]) -> QueryDict:
    """The form with the others' changes where this person changed nothing, and with what the task is now."""
    now = shown_values(task)
    together = posted.copy()
    switches = {option.name for option in OPTIONS if option.kind == "boolean"}
    for change in theirs:
        if change.name in mine:
            continue
        if change.name in switches and now.get(change.name) != "True":
            together.pop(change.name, None)
        else:
            together[change.name] = now.get(change.name, "")
    together[FIELD] = token(task)
    return together


def _typed(option: Option, mine: Mapping[str, Any], now: Mapping[str, str]) -> str:
    if option.name not in mine or str(mine[option.name]) == now.get(option.name, ""):
        return ""
    return in_words(option, mine[option.name])

"""What the models answered, as the page's script reads it: numbers as numbers, sentences in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from distillation.admin import figures, loose
from distillation.contract.sentence import Sentence
from distillation.contract.trial import SIDES
from distillation.models.sentences import translate
from distillation.storage.trials import answers_of


def sides(trial_id: str, have: frozenset[str]) -> dict[str, Any]:
    """Of each model that has answered, but for those that the page has: facts and answers, or a reason."""
    found = {side: answers_of(trial_id, side) for side in SIDES if side not in have}
    return {side: _side(value) for side, value in found.items() if value}


def words() -> dict[str, str]:
    """What the script says; {places} are filled there."""
    return {
        "none": _("Nothing found above the threshold."),
        "count": _("{shown} of {all} above the threshold"),
        "unsure": _("below the threshold"),
        "lost": _("No answer from the server; trying again."),
        "waiting": _("not asked yet"),
    }


def _side(value: dict[str, Any]) -> dict[str, Any]:
    if "answers" not in value:
        return {"reason": _said(value.get("reason")) or figures.DASH, "facts": figures.DASH, "note": "", "answers": []}
    parameters, seconds = loose.number(value.get("parameters")), loose.number(value.get("load_seconds"))
    facts = _("%(parameters)s parameters, loaded in %(seconds)s s") % {
        "parameters": figures.parameters(parameters),
        "seconds": figures.DASH if seconds is None else f"{seconds:.1f}",
    }
    return {
        "reason": "",
        "facts": facts,
        "note": _said(value.get("note")),
        "classes": [str(name) for name in loose.items(value.get("classes"))],
        "answers": [_answer(one) for one in loose.objects(value.get("answers"))],
    }


def _answer(one: dict[str, Any]) -> dict[str, Any]:
    if "problem" in one:
        return {"problem": _said(one["problem"]) or figures.DASH}
    return {**one, "took": figures.milliseconds(loose.number(one.get("ms")))}


def _said(value: Any) -> str:
    """A stored sentence in the reader's language; nothing for anything else."""
    try:
        return translate(Sentence.from_json(value))
    except (KeyError, TypeError, ValueError):
        return ""

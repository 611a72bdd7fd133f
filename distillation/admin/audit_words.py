"""What the audit log's words mean to people: kinds, verbs, ways in, and the names and values of fields."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from distillation.admin.figures import DASH
from distillation.models import (
    Dataset,
    InferenceJob,
    LoraPreset,
    ModelEvaluation,
    Role,
    SavedView,
    ScriptToken,
    TeacherAlias,
    Team,
    TrainingTask,
    Trial,
)

KINDS = {
    "trainingtask": _("Training task"),
    "modelevaluation": _("Evaluation"),
    "lorapreset": _("LoRA preset"),
    "dataset": _("Data set"),
    "inferencejob": _("Labelling job"),
    "trial": _("Trial"),
    "teacheralias": _("Teacher alias"),
    "scripttoken": _("Script token"),
    "savedview": _("Saved view"),
    "user": _("User"),
    "team": _("Team"),
}
"""By the model's name."""

VERBS = {
    "create": pgettext_lazy("audit", "Created"),
    "edit": pgettext_lazy("audit", "Changed"),
    "delete": pgettext_lazy("audit", "Deleted"),
    "restore": pgettext_lazy("audit", "Restored"),
    "remove": pgettext_lazy("audit", "Removed for good"),
    "take_over": pgettext_lazy("audit", "Taken over"),
    "start": pgettext_lazy("audit", "Started"),
    "resume": pgettext_lazy("audit", "Resumed"),
    "pause": pgettext_lazy("audit", "Paused"),
    "stop": pgettext_lazy("audit", "Stopped"),
    "complete": pgettext_lazy("audit", "Reported as completed"),
    "fail": pgettext_lazy("audit", "Reported as failed"),
    "evaluate": pgettext_lazy("audit", "Evaluation reported"),
    "bind_model": pgettext_lazy("audit", "Model bound"),
    "report_model": pgettext_lazy("audit", "Model reported"),
    "revoke": pgettext_lazy("audit", "Revoked"),
    "password": pgettext_lazy("audit", "Password set"),
}

WAYS = {"console": _("Console"), "rest": _("REST")}

_MODELS: dict[str, type[Model]] = {
    "trainingtask": TrainingTask,
    "modelevaluation": ModelEvaluation,
    "lorapreset": LoraPreset,
    "dataset": Dataset,
    "inferencejob": InferenceJob,
    "trial": Trial,
    "teacheralias": TeacherAlias,
    "scripttoken": ScriptToken,
    "savedview": SavedView,
    "user": User,
    "team": Team,
}
_FIELDS = {
    "roles": _("Roles"),
    "teams": _("Teams"),
    "members": _("Members"),
    "password_set": _("Has a password"),
    "revoked": _("Revoked"),
    "name": _("Name"),
    "expiry_date": _("Expires"),
}
"""Facts that are no columns, and columns of installed packages without words of ours."""


def kind_word(kind: str) -> str:
    """The kind of row; an unknown one as it stands."""
    return str(KINDS.get(kind, kind))


def verb_word(verb: str) -> str:
    """What was done; an unknown verb as it stands."""
    return str(VERBS.get(verb, verb))


def way_word(via: str) -> str:
    """Through what: the console, REST, or a script's token by name."""
    return str(WAYS.get(via, via))


def field_word(kind: str, name: str) -> str:
    """A field by the name that forms give it."""
    if name in _FIELDS:
        return str(_FIELDS[name])
    model = _MODELS.get(kind)
    try:
        field = model._meta.get_field(name) if model is not None else None
    except FieldDoesNotExist:
        field = None
    return capfirst(str(getattr(field, "verbose_name", name)))


def value_text(value: Any) -> str:
    """A fact as text: lists joined, roles by their names, nothing as a dash."""
    if value is None or value == "" or value == []:
        return DASH
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    if isinstance(value, list):
        return ", ".join(_role(item) for item in value)
    return str(value)


def _role(item: Any) -> str:
    return str(Role(item).label) if item in Role.values else str(item)

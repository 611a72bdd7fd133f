"""LoRA presets: created, changed, deleted and brought back; names are unique as people read them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import IntegrityError, transaction

from distillation.contract.option import Option
from distillation.contract.options import BY_NAME
from distillation.contract.request import InvalidRequest
from distillation.contract.request_values import read_value
from distillation.contract.sentence import Problem, Refused, Sentence, gettext_noop
from distillation.models import LoraPreset
from distillation.selectors import Rights
from distillation.services import audit
from distillation.services.audit import audited
from distillation.services.validation import preset_named

NAME_TAKEN = gettext_noop("The LoRA preset name already exists")

_FIELDS: dict[str, tuple[str, Option]] = {
    "presetDesc": ("preset_desc", Option("presetDesc", "text", "lora", "", "", max_length=500)),
    "loraRank": ("lora_rank", BY_NAME["loraRank"]),
    "loraAlpha": ("lora_alpha", BY_NAME["loraAlpha"]),
    "loraDropout": ("lora_dropout", BY_NAME["loraDropout"]),
    "visibility": ("visibility", BY_NAME["visibility"]),
}
_MODULES = replace(BY_NAME["loraTargetModules"], name="targetModules")
_NAME = Option("presetName", "text", "lora", "", "", max_length=100)


def find_preset(name: str, seen_by: Rights | None = None) -> LoraPreset:
    """The preset of that name, if somebody with these rights may see it. Raises LoraPreset.DoesNotExist."""
    preset = preset_named(name, seen_by=seen_by)
    if preset is None:
        raise LoraPreset.DoesNotExist(name)
    return preset


def create_preset(data: Mapping[str, Any], actor: str) -> LoraPreset:
    """Create a preset; the name of a deleted one revives that row.

    Raises InvalidRequest, and Refused when the name is taken.
    """
    values = _read(data, partial=False)
    with _unique():
        existing = preset_named(values["preset_name"], alive=False)
        if existing is not None and not existing.del_flag:
            raise Refused(Sentence(NAME_TAKEN))
        preset = existing or LoraPreset()
        before = audit.facts(preset) if existing else None
        _save(preset, {**values, "create_by": actor, "del_flag": 0})
        audit.note("create", preset, actor, before)
        return preset


def update_preset(preset: LoraPreset, data: Mapping[str, Any], actor: str, *, partial: bool) -> LoraPreset:
    """Change a preset; with ``partial`` what is absent stays. Raises InvalidRequest and Refused."""
    values = _read({"presetName": preset.preset_name, **data}, partial=partial)
    with _unique():
        other = preset_named(values["preset_name"], alive=False)
        if other is not None and other.pk != preset.pk:
            raise Refused(Sentence(NAME_TAKEN))
        with audited("edit", preset, actor):
            return _save(preset, values)


def delete_preset(preset: LoraPreset, actor: str) -> None:
    """Hide the preset; tasks keep the values that they took from it."""
    with audited("delete", preset, actor):
        _save(preset, {"del_flag": 1})


def restore_preset(preset: LoraPreset, actor: str) -> None:
    """Bring a deleted preset back."""
    with audited("restore", preset, actor):
        _save(preset, {"del_flag": 0})


@contextmanager
def _unique() -> Iterator[None]:
    """A transaction in which a name that another request took first is a refusal, not a crash."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Refused(Sentence(NAME_TAKEN)) from error


def _save(preset: LoraPreset, values: dict[str, Any]) -> LoraPreset:
    for column, value in values.items():
        setattr(preset, column, value)
    preset.save()
    preset.refresh_from_db()
    return preset


def _read(data: Mapping[str, Any], *, partial: bool) -> dict[str, Any]:
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    try:
        values["preset_name"] = _name(data.get("presetName"))
    except Refused as refused:
        problems.append(Problem("presetName", refused.sentence))
    for name, (column, option) in _FIELDS.items():
        raw = data.get(name)
        if raw is None or raw == "":
            if not partial or name in data:
                values[column] = option.default
            continue
        try:
            values[column] = read_value(option, raw)
        except Refused as refused:
            problems.append(Problem(name, refused.sentence))
    if not partial or "targetModules" in data:
        try:
            values["target_modules"] = _modules(data.get("targetModules"))
        except Refused as refused:
            problems.append(Problem("targetModules", refused.sentence))
    if problems:
        raise InvalidRequest(problems)
    return values


def _name(raw: Any) -> str:
    name = str(read_value(_NAME, raw)) if raw is not None else ""
    if not name:
        raise Refused(Sentence(gettext_noop("A preset needs a name.")))
    if "/" in name or "\\" in name or any(unicodedata.category(character) == "Cc" for character in name):
        raise Refused(Sentence(gettext_noop("A preset's name must not contain slashes or control characters.")))
    if name in (".", ".."):
        raise Refused(Sentence(gettext_noop("A preset needs a name.")))
    return name


def _modules(raw: Any) -> str | None:
    """A JSON array as text, from an array, a JSON string or names with commas."""
    return None if raw in (None, "") else json.dumps(read_value(_MODULES, raw), ensure_ascii=False)

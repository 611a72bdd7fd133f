"""Between the flat create request and a task's columns and ``training_config``."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from distillation.contract.create_request import CreateRequest
from distillation.contract.options import OPTIONS
from distillation.models import TrainingTask


def columns(request: CreateRequest) -> dict[str, Any]:
    """The model fields that keep the request."""
    values = {
        option.column: _column_value(request.values[option.name], option.decimals)
        for option in OPTIONS
        if option.column is not None
    }
    values["teacher_model"] = values["teacher_model"] or ""
    return values | {"training_config": json.dumps(_config(request), ensure_ascii=False, separators=(",", ":"))}


def flat(task: TrainingTask) -> dict[str, Any]:
    """The create request that would make this task again: wire name → value; unset ones are left out."""
    config = task.config
    values: dict[str, Any] = {}
    for option in OPTIONS:
        value = getattr(task, option.column) if option.column else _dig(config, option.config_path)
        if isinstance(value, Decimal):
            value = float(value)
        if value is not None and value != "":
            values[option.name] = value
    if values.get("executor") == "sample":
        del values["executor"]
    return values


def _column_value(value: Any, decimals: int | None) -> Any:
    return Decimal(str(value)) if decimals is not None and value is not None else value


def _config(request: CreateRequest) -> dict[str, Any]:
    config: dict[str, Any] = {}
    for option in OPTIONS:
        value = request.values[option.name]
        if not option.config_path or value is None:
            continue
        place = config
        for key in option.config_path[:-1]:
            place = place.setdefault(key, {})
        place[option.config_path[-1]] = value
    return config


def _dig(config: dict[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = config
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value

"""JSON of anybody's shape, read without ever raising: reports of scripts, legacy rows, files on disk."""

from __future__ import annotations

import json
import math
from typing import Any

LARGEST = 1e18


def parsed(text: str | None) -> dict[str, Any]:
    """The object that the text holds; empty for anything else."""
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def keys(value: dict[str, Any]) -> dict[str, Any]:
    """camelCase and snake_case meet in the middle."""
    return {str(key).replace("_", "").lower(): item for key, item in value.items()}


def part(details: dict[str, Any], name: str) -> dict[str, Any]:
    """An object inside; a bare number counts as its accuracy."""
    found = details.get(name)
    if isinstance(found, dict):
        return keys(found)
    return {"accuracy": found} if number(found) is not None else {}


def first(values: dict[str, Any], *names: str) -> Any:
    """The first of the names that has a value."""
    return next((values[name] for name in names if values.get(name) is not None), None)


def items(value: Any) -> list[Any]:
    """A list; empty for anything else."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [item for item in items(value) if isinstance(item, dict)]


def number(value: Any) -> float | None:
    """A finite number that a page can show."""
    if not isinstance(value, (int, float)) or isinstance(value, bool) or abs(value) > LARGEST:
        return None
    return float(value) if math.isfinite(value) else None

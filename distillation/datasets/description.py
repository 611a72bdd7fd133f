"""``dataset.json``: what people say about a data set. A courtesy: one that cannot be read costs its words only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE = "dataset.json"
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Description:
    """Texts; empty where nothing is said."""

    name: str
    description: str
    task_type: str
    """Decides where files can serve several types of task, such as polygons for detection and segmentation."""


def read(root: Path) -> Description:
    """Read ``root/dataset.json``. Never raises."""
    about = _object(root / FILE)
    return Description(_text(about, "name"), _text(about, "description"), _text(about, "taskType"))


def _object(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        about = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return about if isinstance(about, dict) else {}


def _text(about: dict[str, Any], key: str) -> str:
    value = about.get(key)
    return value.strip() if isinstance(value, str) else ""

"""The version of this program, read from the changelog: it is written down once."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

CHANGELOG = Path(__file__).resolve().parents[2] / "CHANGELOG.md"
_HEADING = re.compile(r"^## \[?v?(\d[^\s\]]*)", re.MULTILINE)


@cache
def version() -> str:
    """The newest release in the changelog, such as ``0.1.0``; ``unknown`` where the file was left out."""
    try:
        found = _HEADING.search(CHANGELOG.read_text(encoding="utf-8"))
    except OSError:
        found = None
    return found.group(1) if found else "unknown"

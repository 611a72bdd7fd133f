"""When two names are the same to a person."""

from __future__ import annotations

import unicodedata


def comparable(name: str) -> str:
    """The form in which names of classes and presets are compared: NFC, stripped, without regard to case."""
    return unicodedata.normalize("NFC", name).strip().casefold()

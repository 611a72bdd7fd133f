"""Imports of large libraries, which take seconds."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector of cycles away while modules are imported in here.

    It would go through all objects again and again while modules add more, and find nothing: modules and classes stay.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def from_transformers(name: str) -> Any:
    """What the library has under ``name``; imported when asked for: runs without it start a second sooner."""
    with uncollected():
        return getattr(importlib.import_module("transformers"), name)

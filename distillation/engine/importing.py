"""Imports of large libraries, which take seconds."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector of cycles away while modules are imported in here.

    It would go through all objects again and again while modules add more, and find nothing: modules and classes stay.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

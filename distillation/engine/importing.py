"""Imports of large libraries, which take seconds."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector of cycles away from what is made in here, and for good from what there is at the end.

    It goes through all objects again and again while modules add more, and finds nothing: modules and classes stay.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

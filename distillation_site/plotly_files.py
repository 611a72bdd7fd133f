"""``plotly.min.js`` out of the installed package, for charts; its version is in its address, so browsers keep it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

PLOTLY = f"plotly-{version('plotly')}/plotly.min.js"
"""Its address below ``STATIC_URL``."""


class PlotlyFinder(BaseFinder):
    """Finds this one file; the package itself, which is for making charts in Python, is not imported."""

    def __init__(self, *_: Any, **__: Any) -> None:
        spec = find_spec("plotly")
        assert spec is not None  # noqa: S101 - in requirements.txt
        self._file = Path(str(spec.origin)).parent / "package_data" / "plotly.min.js"

    def find(self, path: str, find_all: bool = False, **_: Any) -> str | list[str]:  # type: ignore[override]
        """The file for its address; an empty list for any other."""
        if path != PLOTLY:
            return []
        return [str(self._file)] if find_all else str(self._file)

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        """For ``collectstatic`` and WhiteNoise."""
        storage = FileSystemStorage(location=self._file.parent)
        storage.prefix = PLOTLY.partition("/")[0]  # type: ignore[attr-defined]
        yield self._file.name, storage
